import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'

const endOfHead = '\r\n\r\n'

/** A WebSocket frame as it stood on the line. */
export interface LineFrame {
  readonly final: boolean
  readonly reserved: number
  readonly opcode: number
  readonly body: Buffer
}

/** Upgrades by hand, offering compression, says each text when the one before was answered, and then nothing: the hub has to close. */
export async function upgraded(
  address: string,
  texts: readonly string[],
): Promise<{ readonly head: string; readonly messages: readonly LineFrame[] }> {
  const { hostname, port, pathname } = new URL(address)
  const socket = connect(Number(port || 80), hostname)
  await once(socket, 'connect')
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n` +
      'Sec-WebSocket-Protocol: holdfast.v1\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
  )
  let read = Buffer.alloc(0)
  let said = 0
  for await (const chunk of socket) {
    read = Buffer.concat([read, chunk as Buffer])
    const frames = framesAfterHead(read)
    const text = texts[said]
    if (text === undefined || frames.length < said || !read.includes(endOfHead)) continue
    said++
    socket.write(masked(text))
  }
  socket.destroy()
  const head = read.subarray(0, read.indexOf(endOfHead)).toString('latin1')
  return { head, messages: framesAfterHead(read) }
}

/** A client masks what it sends; with zeros it stays readable. */
function masked(text: string): Buffer {
  const body = Buffer.from(text)
  const head = Buffer.alloc(14)
  head[0] = 0x81
  head[1] = 0xff
  head.writeBigUInt64BE(BigInt(body.length), 2)
  return Buffer.concat([head, body])
}

function framesAfterHead(read: Buffer): LineFrame[] {
  const headEnd = read.indexOf(endOfHead)
  const frames: LineFrame[] = []
  let rest = headEnd < 0 ? Buffer.alloc(0) : read.subarray(headEnd + 4)
  for (;;) {
    const { start, end } = extentOf(rest)
    if (rest.length < end) return frames
    const [first = 0] = rest
    frames.push({
      final: (first & 0x80) !== 0,
      reserved: (first & 0x70) >> 4,
      opcode: first & 0x0f,
      body: rest.subarray(start, end),
    })
    rest = rest.subarray(end)
  }
}

/** Where the body of the first frame begins and ends. */
function extentOf(bytes: Buffer): { start: number; end: number } {
  const beyond = { start: 0, end: Infinity }
  if (bytes.length < 2) return beyond
  const length = (bytes[1] ?? 0) & 0x7f
  if (length < 126) return { start: 2, end: 2 + length }
  if (bytes.length < 10) return beyond
  return length === 126
    ? { start: 4, end: 4 + bytes.readUInt16BE(2) }
    : { start: 10, end: 10 + Number(bytes.readBigUInt64BE(2)) }
}
