// As fan-out-load.mjs, over SSE: an HTTP response for each subscriber, and a POST for each of its frames.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { fault, finished, latencySample, messages, openAll, tally, topic } from './fan-out-subscribers.mjs'

const messageStart = `data: {"type":"message","topic":"${topic}","offset":`

const uplinks = new Agent({ keepAlive: true, maxSockets: 50 })

class Subscriber {
  #port
  #name = ''
  #sent = 0
  /** The beginning of a line whose end has not come. */
  #rest = ''
  #offset = 0
  #ready = () => {}

  constructor(port) {
    this.#port = port
  }

  /** Resolves when the hub confirmed the subscription. */
  async subscribe() {
    const opening = this.#post('sse', { agent: false })
    opening.end()
    const [response] = await once(opening, 'response')
    this.#name = response.headers['holdfast-link']
    response.setEncoding('latin1').on('data', (text) => this.#read(text))
    response.on('error', (error) => fault(error.message))
    const subscribed = new Promise((resolve) => (this.#ready = resolve))
    this.#send({
      type: 'hello',
      versions: [1],
      instance: randomBytes(16).toString('base64url'),
      attempt: 1,
      producer: { id: randomBytes(16).toString('base64url'), highest: 0, open: [] },
      received: 0,
      subscriptions: [{ topic, intent: 1, from: 'now' }],
    })
    await subscribed
  }

  #post(path, options) {
    const asked = request({ port: this.#port, path: `/holdfast/${path}`, method: 'POST', ...options })
    return asked.on('error', (error) => fault(error.message))
  }

  #send(frame) {
    const headers = {
      'content-type': 'application/x-ndjson',
      'holdfast-link': this.#name,
      'holdfast-sequence': `${++this.#sent}`,
    }
    const asked = this.#post('send', { agent: uplinks, headers })
    asked.on('response', (response) => response.resume()).end(JSON.stringify(frame))
  }

  #read(text) {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()
    for (const line of lines) {
      if (line.startsWith(messageStart)) this.#message(line)
      else if (line.startsWith('data:')) this.#control(JSON.parse(line.slice(5)))
    }
  }

  #message(line) {
    const offset = Number.parseInt(line.slice(messageStart.length), 10)
    if (offset !== this.#offset + 1) fault(`offset ${offset} after ${this.#offset}`)
    this.#offset = offset
    tally.deliveries++
    if (tally.deliveries % latencySample === 0)
      tally.latencies.push(Date.now() - JSON.parse(line.slice(5)).time)
    if (offset !== messages) return
    finished(line.length + 2)
  }

  #control({ type }) {
    if (type === 'subscribed') this.#ready()
    else if (type !== 'welcome') fault(`unexpected ${type}`)
  }
}

await openAll((port) => new Subscriber(port).subscribe())
