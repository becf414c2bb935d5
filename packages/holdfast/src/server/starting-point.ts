import type { From, GapFrame, Position } from '../core/wire/frames.ts'
import type { TopicLog } from '../engines/engine.ts'

export interface StartingPoint {
  /** What `subscribed` names: the promise holds from here. */
  readonly position: Position
  /** Delivery begins after this offset. */
  readonly offset: number
  readonly gap: GapFrame | null
}

/** Where in the log a subscription begins, and the gap if that is not where it asked for [R32, R33]. */
export function startingPoint(log: TopicLog, from: From): StartingPoint {
  const { epoch, head, oldest } = log
  const at = (offset: number): StartingPoint => ({ position: { epoch, offset }, offset, gap: null })
  if (from === 'now') return at(head)
  if (from === 'start') {
    return oldest === 1
      ? at(0)
      : behind(log, { epoch, offset: 0 }, { after: null, lost: oldest - 1, reason: 'pruned' })
  }
  if ('last' in from) return at(Math.max(oldest - 1, head - from.last))
  const after: Position = { epoch: from.epoch, offset: from.offset }
  if (from.epoch !== epoch || from.offset > head)
    return behind(log, after, { after, lost: null, reason: 'epoch' })
  if (from.offset >= oldest - 1) return at(from.offset)
  return behind(log, after, { after, lost: oldest - 1 - from.offset, reason: 'pruned' })
}

function behind(
  { topic, epoch, oldest }: TopicLog,
  position: Position,
  gap: Pick<GapFrame, 'after' | 'lost' | 'reason'>,
): StartingPoint {
  const next: Position = { epoch, offset: oldest }
  return { position, offset: oldest - 1, gap: { type: 'gap', topic, next, ...gap } }
}
