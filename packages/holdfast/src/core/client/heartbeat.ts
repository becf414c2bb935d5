import type { ClientEffect, ClientInput, Named } from './state.ts'

interface Verdict {
  readonly state: Named<'live'>
  readonly effects: readonly ClientEffect[]
}

/**
 * While a ping is unanswered, the silence is looked at this often: a stall of this process then shows as a late tick
 * [R41], whenever it began, and an answer is noticed soon.
 */
const lookAgainMs = 1_000

/** Sends a ping that has to be answered, or anything heard, until the deadline. */
export function startProbe(
  state: Named<'live'>,
  now: number,
  deadline: number,
  sentLate: boolean = false,
): Verdict {
  const id = state.nextProbeId
  return {
    state: {
      ...state,
      probe: { id, sentAt: now, deadline, sentLate },
      nextProbeId: id + 1,
      checkAt: Math.min(deadline, now + lookAgainMs),
    },
    effects: [{ type: 'ping', id }],
  }
}

/** What the silence since `heardAt` means [R40, R41]. */
export function silenceVerdict(
  state: Named<'live'>,
  { heardAt, late }: Extract<ClientInput, { type: 'ticked' }>,
  now: number,
): Verdict | 'dead' {
  if (now < state.checkAt) return { state, effects: [] }
  const { intervalMs, timeoutMs } = state.heartbeat
  const probe = state.probe && heardAt > state.probe.sentAt ? null : state.probe
  if (probe) {
    if (late && !probe.sentLate) return startProbe(state, now, now + timeoutMs, true)
    if (now >= probe.deadline) return 'dead'
    return { state: { ...state, checkAt: Math.min(probe.deadline, now + lookAgainMs) }, effects: [] }
  }
  const probeAt = heardAt + intervalMs + timeoutMs / 3
  if (now < probeAt) return { state: { ...state, probe, checkAt: probeAt }, effects: [] }
  return startProbe({ ...state, probe }, now, now + (timeoutMs * 2) / 3, late)
}
