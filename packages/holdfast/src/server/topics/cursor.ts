import type { TopicLog } from '../../engines/engine.ts'
import type { LinkWriter } from '../links/link-writer.ts'

/** One link's place in one topic. Sending is reading the log from here; nothing is queued for the subscriber. */
export interface Cursor {
  readonly log: TopicLog
  readonly intent: number
  readonly writer: LinkWriter
  /** The offset of the last message that was handed to the link. */
  offset: number
  /** `subscribed` has taken its place in the downlink; nothing of the topic may come before it [R30]. */
  confirmed: boolean
  /** The right to the topic is being asked again [R36]. */
  paused: boolean
  /** The subscription ended. */
  removed: boolean
  /** It is in the writer's list of cursors that have something to send. */
  dirty: boolean
}

/** Whether messages of the topic may be written now. */
export function delivers({ confirmed, paused, removed }: Cursor): boolean {
  return confirmed && !paused && !removed
}
