import type { Mutant } from './mutant.ts'

/** Links, sessions, timers and heartbeats: which link is current, and what time means. */
export const mutantsOfLinks: readonly Mutant[] = [
  {
    name: 'stale-close',
    bug: 'The close handler of a link that was superseded takes the new link from the session.',
    changes: [
      {
        file: 'server/sessions/session.ts',
        find: 'if (this.#link !== link) return\n    this.#link = null',
        replace: 'this.#link = null',
      },
      {
        file: 'core/session/step.ts',
        find: "state.name === 'live' && state.link === input.link",
        replace: "state.name === 'live'",
      },
    ],
    breaks: 'memory',
    seed: 23,
  },
  {
    name: 'connect-times',
    bug: 'A link that closes is taken for the present one unless it connected earlier, by the wall clock.',
    changes: [
      {
        file: 'server/sessions/session.ts',
        find: 'const before = this.#link\n',
        replace: `const before = this.#link
    this.connectedAt = link.connectedAt = this.#parts.env.wallNow()\n`,
      },
      {
        file: 'server/sessions/session.ts',
        find: 'if (this.#link !== link) return\n',
        replace: 'if (link.connectedAt < this.connectedAt) return\n',
      },
      {
        file: 'core/session/step.ts',
        find: "state.name === 'live' && state.link === input.link",
        replace: "state.name === 'live'",
      },
    ],
    breaks: 'memory',
    seed: 1_387,
  },
  {
    name: 'late-registration',
    bug: 'Welcome is written, and only then the link is registered, when a store has answered.',
    changes: [
      {
        file: 'server/links/welcome.ts',
        find: 'link.bindTo(session)',
        replace: 'parts.env.setTimer(() => link.bindTo(session), 20)',
      },
    ],
    breaks: 'subscriptions',
    seed: 1,
  },
  {
    name: 'second-timer',
    bug: 'A timer is set while another one runs, so that reconnects pile up.',
    changes: [
      {
        file: 'core/time/timekeeper.ts',
        find: 'this.#timer?.cancel()\n',
        replace: '\n',
      },
    ],
    breaks: 'links',
    seed: 1,
  },
  {
    name: 'uncleared-timer',
    bug: 'The timer that watches the opening of a link is not cleared when the link is open.',
    changes: [
      {
        file: 'client/connection.ts',
        find: 'attachment.link = link ?? null\n',
        replace: `attachment.link = link ?? null
      this.#env.setTimer(() => {
        const late: Departure = { code: 'connect_timeout', message: 'Too late.', retry: true }
        this.#fail(attachment, late)
      }, this.#policy.connectTimeoutMs, { keepAlive: true })\n`,
      },
    ],
    breaks: 'links',
    seed: 1,
  },
  {
    name: 'hub-judges-after-stall',
    bug: 'A hub that stood still takes its own sleep for the silence of its clients.',
    changes: [
      {
        file: 'core/link/step.ts',
        find: 'const nextLookAt = now',
        replace: `if (now >= heardAt + intervalMs + timeoutMs) {
    return end(timeout('heartbeat_timeout', silentClient), now)
  }
  const nextLookAt = now`,
      },
    ],
    breaks: 'heartbeats',
    seed: 1_744,
  },
  {
    name: 'client-judges-after-stall',
    bug: 'A tab that was frozen takes its own sleep for the silence of the hub.',
    changes: [
      {
        file: 'core/client/heartbeat.ts',
        find: 'if (late && !probe.sentLate)',
        replace: 'if (late && now < 0)',
      },
    ],
    breaks: 'heartbeats',
    seed: 1_074,
  },
  {
    name: 'switch-loses-tail',
    bug: 'What was handed to the link before while a better one took over is not sent again on that.',
    changes: [
      {
        file: 'client/operations.ts',
        find: 'for (const frame of this.#outbox.resend(received))',
        replace: 'for (const frame of this.#connection.state.upgraded ? [] : this.#outbox.resend(received))',
      },
    ],
    breaks: 'operations',
    seed: 1_317,
  },
  {
    name: 'lost-poll',
    bug: 'What a response carried counts as received when it was sent.',
    changes: [
      {
        file: 'server/transports/poll-socket.ts',
        find: 'if (acknowledges) for',
        replace: 'if (!acknowledges) this.#sequence--\n    for',
      },
    ],
    breaks: 'operations',
    seed: 2_222,
  },
  {
    name: 'polls-as-life',
    bug: 'Polls count as life of a link whose uplink is dead.',
    changes: [
      {
        file: 'server/transports/poll-socket.ts',
        find: 'written(false)',
        replace: 'written(true)',
      },
    ],
    breaks: 'operations',
    seed: 156,
  },
  {
    name: 'gives-up',
    bug: 'A client that lost its link does not come back by itself.',
    changes: [
      {
        file: 'core/client/step.ts',
        find: 'const goesOn = retry || overtaken',
        replace: 'const goesOn = overtaken',
      },
    ],
    breaks: 'sessions',
    seed: 1,
  },
  {
    name: 'never-resumed',
    bug: 'A hub makes a new session for whoever comes back.',
    changes: [
      {
        file: 'server/sessions/session-registry.ts',
        find: 'if (!session) return null',
        replace: 'return null',
      },
    ],
    breaks: 'sessions',
    seed: 3,
  },
  {
    name: 'rests-too-short',
    bug: 'A session is forgotten in the moment in which its link is lost.',
    changes: [
      {
        file: 'core/session/step.ts',
        find: 'expiresAt: now + ttlMs',
        replace: 'expiresAt: now',
      },
    ],
    breaks: 'sessions',
    seed: 2,
  },
  {
    name: 'page-still-watched',
    bug: 'A client that was closed goes on listening to its page.',
    changes: [
      {
        file: 'client/client-core.ts',
        find: 'this.#stopWatchingPage()\n    this.handlers',
        replace: 'this.handlers',
      },
    ],
    breaks: 'closing',
    seed: 1,
  },
]
