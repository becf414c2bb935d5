import type { Frame } from './frame.ts'

interface Position {
  readonly epoch: string
  readonly offset: number
}

/** What a subscription was told, put together. */
export interface Delivery {
  /** Of the messages. */
  readonly offsets: readonly number[]
  readonly gaps: readonly Frame[]
  /** Everything up to here has been seen. */
  readonly position: Position
}

/** Follows a subscription from its `subscribed` on; throws where offsets do not ascend by one and no gap says why [R31]. */
export function delivered(frames: readonly Frame[], topic: string, intent: number): Delivery {
  const ofTopic = frames.filter((frame) => frame['topic'] === topic)
  const start = ofTopic.findIndex((frame) => frame.type === 'subscribed' && frame['intent'] === intent)
  let position = ofTopic[start]?.['position'] as Position
  const offsets: number[] = []
  const gaps: Frame[] = []
  for (const frame of ofTopic.slice(start + 1)) {
    if (frame.type === 'subscribed') break
    if (frame.type === 'gap') {
      gaps.push(frame)
      const next = frame['next'] as Position
      position = { epoch: next.epoch, offset: next.offset - 1 }
    }
    if (frame.type !== 'message') continue
    const offset = Number(frame['offset'])
    if (offset !== position.offset + 1) throw new Error(`offset ${offset} came after ${position.offset}`)
    offsets.push(offset)
    position = { ...position, offset }
  }
  return { offsets, gaps, position }
}
