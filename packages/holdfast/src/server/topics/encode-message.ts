import type { StampedMessage } from '../../engines/engine.ts'
import { webSocketFrame } from '../transports/websocket-frame.ts'

/** A topic message as every subscriber gets it: the same bytes for all. */
export function encodeMessage({ topic, offset, time, user, data }: StampedMessage): Uint8Array {
  const head = `{"type":"message","topic":${JSON.stringify(topic)},"offset":${offset},"time":${time}`
  return webSocketFrame(`${head},"user":${JSON.stringify(user)},"data":${data}}`)
}
