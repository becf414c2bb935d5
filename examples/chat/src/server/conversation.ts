import { rejection, type Hub } from 'holdfast/server'
import type { HistoryReply, RoomEvent, SayReply } from '../contract/conversation.ts'
import { isRoom, topicOf } from '../contract/rooms.ts'
import type { Assistant } from './assistant.ts'
import type { ConversationRecord } from './conversation-record.ts'

/** Characters of one message. */
const maxTextLength = 2_000

/** The chat's two requests. */
export function serveConversation(hub: Hub, record: ConversationRecord, assistant: Assistant): void {
  hub.onRequest('say', async (payload, { session }): Promise<SayReply> => {
    const { room, id, text } = soundSay(payload)
    const user = session.user ?? ''
    const known = record.find(id)
    // The hub executes a request once. This is for those that an earlier process of the server has executed: pages
    // mark `say` as idempotent, so after a crash they send again what they had no reply to.
    if (known && known.user !== user) throw rejection('id_taken', 'Somebody else used this id.')
    if (known) return { seq: known.seq, position: null }
    const { seq } = record.add(room, { id, user, text, state: 'complete' })
    const event: RoomEvent = { type: 'said', seq, id, text }
    const published = hub.publish(topicOf(room), event, { user })
    assistant.hear(room, text)
    const { epoch, offset } = await published
    return { seq, position: { epoch, offset } }
  })

  hub.onRequest('history', (payload): HistoryReply => {
    const { room, after } = fieldsOf(payload)
    if (!isRoom(room)) throw rejection('room_unknown', 'There is no such room.')
    return { entries: record.after(room, typeof after === 'number' ? after : 0) }
  })
}

/** What comes over the wire may be anything. */
function soundSay(payload: unknown): { room: string; id: string; text: string } {
  const { room, id, text } = fieldsOf(payload)
  if (!isRoom(room)) throw rejection('room_unknown', 'There is no such room.')
  if (typeof id !== 'string' || !/^[\w-]{16,64}$/.test(id))
    throw rejection('id_invalid', 'That is no message id.')
  if (typeof text !== 'string' || text.trim() === '') throw rejection('text_empty', 'The message is empty.')
  if (text.length > maxTextLength) {
    throw rejection(
      'text_too_long',
      `The message has ${text.length} characters; the server takes ${maxTextLength}.`,
    )
  }
  return { room, id, text }
}

function fieldsOf(payload: unknown): Readonly<Record<string, unknown>> {
  return typeof payload === 'object' && payload !== null ? { ...payload } : {}
}
