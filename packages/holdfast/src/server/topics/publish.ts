import { HoldfastError } from '../../core/wire/errors.ts'
import type { PublishResult } from '../../core/wire/frames.ts'
import { isName, utf8Length } from '../../core/wire/names.ts'
import { notSent, refusalOf } from '../../core/wire/refusals.ts'
import type { HubParts } from '../hub-parts.ts'

export interface PublishOptions {
  /**
   * At most 255 bytes. While a message with the same key is kept in the topic, it is not appended again; so a retry is
   * harmless.
   */
  readonly key?: string
  /** The user to stamp on the message. Default null: the server itself. */
  readonly user?: string | null
}

/** A message of the server itself. */
export async function publish(
  { publisher, settings }: HubParts,
  topic: string,
  data: unknown,
  { key = null, user = null }: { readonly key?: string | null; readonly user?: string | null },
): Promise<PublishResult> {
  const refusal = refusalOf('topic_invalid', topic, data)
  if (refusal) throw refusal
  if (key !== null && !isName(key))
    throw notSent('data_invalid', 'The key must be 1 to 255 bytes without control characters.')
  if (user !== null && typeof user !== 'string')
    throw notSent('data_invalid', 'The user must be a string or null.')
  const entry = { topic, data: JSON.stringify(data), user, key, producer: null }
  if (utf8Length(entry.data) > settings.retention.bytes / 2) {
    throw notSent('message_too_large', 'The message is larger than half of what the topic keeps.')
  }
  const outcome = await publisher.append(entry)
  if (outcome.kind === 'accepted') return { ...outcome.position, duplicate: outcome.duplicate }
  throw new HoldfastError(outcome.code, outcome.message, { outcome: 'replied' })
}
