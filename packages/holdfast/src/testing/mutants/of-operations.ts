import type { Mutant } from './mutant.ts'

/** Publishes and requests: done once, and told as it was. */
export const mutantsOfOperations: readonly Mutant[] = [
  {
    name: 'executed-again',
    bug: 'What was not acknowledged before the link was lost is sent again under new numbers.',
    changes: [
      {
        file: 'client/operations.ts',
        find: 'for (const frame of this.#outbox.resend(received)) this.#connection.sendText(frame)',
        replace: 'this.#outbox.requeue(this.#outbox.loseOpen())',
      },
    ],
    breaks: 'operations',
    seed: 114,
  },
  {
    name: 'ledger-forgets',
    bug: 'The ledger forgets an operation when its result was sent, and takes it for new when it comes again.',
    changes: [
      {
        file: 'core/operations/ledger.ts',
        find: 'this.#send(result)\n    }',
        replace: 'this.#send(result)\n      this.#forget(number, entry)\n    }',
      },
      {
        file: 'core/operations/ledger.ts',
        find: 'if (number > this.highest) {',
        replace: 'if (!this.#open.has(number)) {',
      },
      {
        file: 'server/links/welcome.ts',
        find: 'received: session.operations.highest',
        replace: 'received: 0',
      },
    ],
    breaks: 'operations',
    seed: 57,
  },
  {
    name: 'resent-after-loss',
    bug: 'When the ledger was lost everything is sent again, whether it was executed or not.',
    changes: [
      {
        file: 'client/operations.ts',
        find: 'const again = lost.filter(({ idempotent }) => idempotent)',
        replace: 'const again = lost',
      },
      {
        file: 'client/operations.ts',
        find: "if (item.idempotent) item.move('queued')",
        replace: "if (item) item.move('queued')",
      },
    ],
    breaks: 'operations',
    seed: 64,
  },
  {
    name: 'dropped-with-link',
    bug: 'A request whose link was superseded while its handler ran is dropped with it.',
    changes: [
      {
        file: 'server/sessions/session-operations.ts',
        find: 'const controller = new AbortController()\n',
        replace: 'const controller = new AbortController()\n    const { link } = this.#session\n',
      },
      {
        file: 'server/sessions/session-operations.ts',
        find: 'this.#ledger.settle(number, result.text)',
        replace: 'if (this.#session.link === link) this.#ledger.settle(number, result.text)',
      },
    ],
    breaks: 'operations',
    seed: 57,
  },
  {
    name: 'outbox-drops-oldest',
    bug: 'A full outbox makes room by dropping what waits longest, and tells nobody.',
    changes: [
      {
        file: 'core/operations/outbox.ts',
        find: 'if (fits) this.#wait(item)\n    return fits',
        replace: `const [oldest] = this.#waiting
    if (!fits && oldest) this.#leave(oldest)
    this.#wait(item)
    return true`,
      },
    ],
    breaks: 'operations',
    seed: 79,
  },
  {
    name: 'unknown-as-not-sent',
    bug: 'What was sent and has no result is reported as not sent.',
    changes: [
      {
        file: 'client/operations.ts',
        find: "{ outcome: number === null ? 'not_sent' : 'unknown' }",
        replace: "{ outcome: 'not_sent' }",
      },
    ],
    breaks: 'operations',
    seed: 16,
  },
  {
    name: 'result-not-kept',
    bug: 'A result that nobody was there to hear is not sent again.',
    changes: [
      {
        file: 'core/operations/ledger.ts',
        find: '} else if (entry.result !== null) this.#send(entry.result)',
        replace: '}',
      },
    ],
    breaks: 'operations',
    seed: 40,
  },
]
