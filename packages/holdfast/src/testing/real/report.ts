import type { Violation } from '../world/oracle/violation.ts'
import type { PublishResult } from '../../core/wire/frames.ts'
import type { Attempt } from '../world/oracle/attempt.ts'
import type { Truth } from '../world/oracle/witnesses.ts'
import type { DeliveryAudit } from './delivery-audit.ts'
import type { RealClient } from './real-client.ts'
import type { RealWorld } from './real-world.ts'

/** What a run came to, so far. */
export interface RunReport {
  /** In milliseconds since the run began. */
  readonly at: number
  readonly live: number
  readonly open: number
  /** Operations that have not settled. */
  readonly pending: number
  readonly cuts: number
  readonly kills: number
  readonly pauses: number
  readonly messages: MessageCounts
  readonly violations: readonly Violation[]
  readonly losses: Losses
  /** All counts, to be printed. */
  readonly lines: readonly string[]
}

export interface MessageCounts {
  readonly published: number
  readonly acknowledged: number
  /** To all subscriptions together. */
  readonly delivered: number
}

/** Counted beside the oracle, by simpler means. */
export interface Losses {
  /** Messages left out with no gap that says so, and what was acknowledged but never done. */
  readonly lostInSilence: number
  /** Messages delivered again to a subscription, and what was done again without being idempotent. */
  readonly repeated: number
}

export function reportOf(world: RealWorld): RunReport {
  const { tally, attempts, oracle, open } = world
  const messages = messagesOf(world)
  return {
    at: world.now(),
    live: open.filter(({ client }) => client.state === 'live').length,
    open: open.length,
    pending: attempts.filter(({ pending }) => pending).length,
    cuts: tally.total('cuts'),
    kills: tally.of('hub', 'SIGKILL'),
    pauses: tally.of('hub', 'SIGSTOP'),
    messages,
    violations: oracle.violations,
    losses: lossesOf(world),
    lines: [...tally.lines(), ...linesOf(world, messages)],
  }
}

function lossesOf({ clients, attempts, truth }: RealWorld): Losses {
  let lostInSilence = 0
  let repeated = 0
  for (const audit of auditsOf(clients)) {
    lostInSilence += audit.lost
    repeated += audit.repeated
  }
  for (const attempt of attempts) {
    const executions = truth.executionsOf(attempt.described.token)
    if (!attempt.described.idempotent) repeated += Math.max(executions - 1, 0)
    if (attempt.ending?.kind === 'resolved' && !isDone(attempt, attempt.ending.value, executions, truth))
      lostInSilence++
  }
  return { lostInSilence, repeated }
}

function isDone({ described }: Attempt, value: unknown, executions: number, truth: Truth): boolean {
  const { kind, topic, token } = described
  if (kind !== 'publish' && kind !== 'hubPublish') return executions > 0
  const { epoch, offset } = value as PublishResult
  return truth.messageAt(topic, epoch, offset) === token
}

function messagesOf({ clients, attempts }: RealWorld): MessageCounts {
  const published = attempts.filter(({ described: { kind } }) => kind === 'publish' || kind === 'hubPublish')
  const audits = auditsOf(clients)
  return {
    published: published.length,
    acknowledged: published.filter(({ ending }) => ending?.kind === 'resolved').length,
    delivered: audits.reduce((sum, { messages }) => sum + messages, 0),
  }
}

const auditsOf = (clients: readonly RealClient[]): DeliveryAudit[] =>
  clients.flatMap(({ audited }) => audited.map(({ audit }) => audit))

function linesOf({ clients }: RealWorld, { published, acknowledged, delivered }: MessageCounts): string[] {
  const audits = auditsOf(clients)
  const gaps = (['epoch', 'pruned', 'slow'] as const).map((reason) => {
    const count = audits.reduce((sum, audit) => sum + (audit.gaps[reason] ?? 0), 0)
    return `${count} ${reason}`
  })
  const reconnects = clients.reduce((sum, { client }) => sum + client.stats().reconnects, 0)
  return [
    `messages: ${published} published; ${acknowledged} acknowledged; ${delivered} delivered to ${audits.length} subscriptions`,
    `gaps told of: ${gaps.join('; ')}`,
    `clients: ${clients.length} in all; ${reconnects} reconnects`,
  ]
}
