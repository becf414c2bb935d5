import { setTimeout as pause } from 'node:timers/promises'
import { rejection } from '../../core/wire/errors.ts'
import { BrokenHandler } from '../world/broken-handler.ts'
import { replyTo } from '../world/oracle/operations.ts'
import type { RequestPayload } from '../world/world.ts'

/** How hubs and clients handle a request; `executed` is told that it began. */
export async function handleRequest(
  { token, takesMs, ends }: RequestPayload,
  executed: (token: string) => void,
): Promise<string> {
  executed(token)
  if (takesMs > 0) await pause(takesMs)
  if (ends === 'rejected') throw rejection('not_today')
  if (ends === 'thrown') throw new BrokenHandler()
  return replyTo(token)
}
