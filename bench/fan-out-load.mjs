// Many subscribers in one process, on bare sockets: a WebSocket handshake by hand, and a frame parser that does no more
// than check that the offsets are 1, 2, 3 … for each.
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { fault, finished, latencySample, messages, openAll, tally, topic } from './fan-out-subscribers.mjs'

const messageStart = Buffer.from(`{"type":"message","topic":"${topic}","offset":`)
const zero = 0x30
const nine = 0x39

/** One buffer for all sockets: what is read is dealt with at once. */
const readBuffer = Buffer.allocUnsafeSlow(262_144)

/** A masked text frame; the mask is zero, so the text stays as it is. */
function textFrame(text) {
  const payload = Buffer.from(text)
  const head = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0])
  return Buffer.concat([head, payload])
}

class Subscriber {
  #port
  #socket = null
  #upgraded = false
  /** The beginning of a frame whose end has not come. */
  #rest = Buffer.alloc(0)
  #offset = 0
  #ready = () => {}

  constructor(port) {
    this.#port = port
  }

  /** Resolves when the hub confirmed the subscription. */
  subscribe() {
    this.#socket = connect({
      port: this.#port,
      host: '127.0.0.1',
      onread: {
        buffer: readBuffer,
        callback: (length, buffer) => {
          this.#read(buffer.subarray(0, length))
          return true
        },
      },
    })
    this.#socket.on('error', (error) => fault(error.message))
    this.#socket.write(
      `GET /holdfast HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n` +
        `Sec-WebSocket-Protocol: holdfast.v1\r\n\r\n`,
    )
    return new Promise((resolve) => (this.#ready = resolve))
  }

  #read(chunk) {
    let bytes = chunk
    if (this.#rest.length > 0) {
      bytes = Buffer.concat([this.#rest, chunk])
      this.#rest = Buffer.alloc(0)
    }
    let start = this.#upgraded ? 0 : this.#takeHandshake(bytes)
    while (this.#upgraded && start + 4 <= bytes.length) {
      const short = bytes[start + 1]
      const head = short < 126 ? 2 : 4
      const end = start + head + (short < 126 ? short : bytes.readUInt16BE(start + 2))
      if (end > bytes.length) break
      if (bytes[start] === 0x81) this.#frame(bytes, start + head, end)
      else fault(`unexpected frame ${bytes[start]}`)
      start = end
    }
    if (start < bytes.length) this.#rest = Buffer.from(bytes.subarray(start))
  }

  #takeHandshake(bytes) {
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) return 0
    if (!bytes.toString('latin1', 0, end).startsWith('HTTP/1.1 101')) fault('no upgrade')
    this.#upgraded = true
    this.#send({
      type: 'hello',
      versions: [1],
      instance: randomBytes(16).toString('base64url'),
      attempt: 1,
      producer: { id: randomBytes(16).toString('base64url'), highest: 0, open: [] },
      received: 0,
      subscriptions: [],
    })
    return end + 4
  }

  #send(frame) {
    this.#socket.write(textFrame(JSON.stringify(frame)))
  }

  #frame(bytes, start, end) {
    // A message's first differing byte is that of its type.
    if (bytes[start + 9] === messageStart[9]) this.#message(bytes, start, end)
    else this.#control(JSON.parse(bytes.toString('utf8', start, end)))
  }

  #message(bytes, start, end) {
    let place = start + messageStart.length
    let offset = 0
    for (let digit = bytes[place]; digit >= zero && digit <= nine; digit = bytes[++place]) {
      offset = offset * 10 + digit - zero
    }
    if (offset !== this.#offset + 1) fault(`offset ${offset} after ${this.#offset}`)
    this.#offset = offset
    tally.deliveries++
    if (tally.deliveries % latencySample === 0) {
      const { time } = JSON.parse(bytes.toString('utf8', start, end))
      tally.latencies.push(Date.now() - time)
    }
    if (offset !== messages) return
    finished(end - start + 4)
  }

  #control({ type }) {
    if (type === 'welcome') this.#send({ type: 'subscribe', topic, intent: 1, from: 'now' })
    else if (type === 'subscribed') this.#ready()
    else fault(`unexpected ${type}`)
  }
}

await openAll((port) => new Subscriber(port).subscribe())
