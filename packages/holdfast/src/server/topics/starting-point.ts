import type { From, Position, WireGap } from '../../core/wire/frames.ts'
import type { TopicLog } from '../../engines/engine.ts'

export interface StartingPoint {
  /** Delivery begins after this. */
  readonly position: Position
  /** What is missing between what was asked for and that. */
  readonly gap: WireGap | null
}

/** Where in the log a subscription begins, and the gap if that is not where it asked for [R32, R33]. */
export function startingPoint({ epoch, head, oldest }: TopicLog, from: From): StartingPoint {
  const at = (offset: number): StartingPoint => ({ position: { epoch, offset }, gap: null })
  const behind = (gap: Omit<WireGap, 'next'>): StartingPoint => ({
    position: { epoch, offset: oldest - 1 },
    gap: { ...gap, next: { epoch, offset: oldest } },
  })
  if (from === 'now') return at(head)
  if (from === 'start') {
    return oldest === 1 ? at(0) : behind({ after: null, lost: oldest - 1, reason: 'pruned' })
  }
  if ('last' in from) return at(Math.max(oldest - 1, head - from.last))
  const after: Position = { epoch: from.epoch, offset: from.offset }
  if (after.epoch !== epoch || after.offset > head) return behind({ after, lost: null, reason: 'epoch' })
  if (after.offset >= oldest - 1) return at(after.offset)
  return behind({ after, lost: oldest - 1 - after.offset, reason: 'pruned' })
}
