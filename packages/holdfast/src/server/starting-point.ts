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
export function startingPoint({ topic, epoch, head, oldest }: TopicLog, from: From): StartingPoint {
  const at = (offset: number): StartingPoint => ({ position: { epoch, offset }, offset, gap: null })
  const behind = (position: Position, gap: Pick<GapFrame, 'after' | 'lost' | 'reason'>): StartingPoint => ({
    position,
    offset: oldest - 1,
    gap: { type: 'gap', topic, next: { epoch, offset: oldest }, ...gap },
  })
  if (from === 'now') return at(head)
  if (from === 'start') {
    if (oldest === 1) return at(0)
    return behind({ epoch, offset: 0 }, { after: null, lost: oldest - 1, reason: 'pruned' })
  }
  if ('last' in from) return at(Math.max(oldest - 1, head - from.last))
  const after: Position = { epoch: from.epoch, offset: from.offset }
  if (after.epoch !== epoch || after.offset > head)
    return behind(after, { after, lost: null, reason: 'epoch' })
  if (after.offset >= oldest - 1) return at(after.offset)
  return behind(after, { after, lost: oldest - 1 - after.offset, reason: 'pruned' })
}
