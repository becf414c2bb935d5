import { afterEach, expect, it } from 'vitest'
import { upTo } from '../testing/numbered-messages.ts'
import { Owner } from '../testing/owner.ts'
import { startHub } from '../testing/real-hub.ts'
import { until } from '../testing/until.ts'
import { connect, type Client } from './index.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

const switches = 200
const messages = 20_000
const cycle = ['sse', 'long-poll', 'websocket']

/** Resolves when the client has changed over. */
function changed(client: Client, name: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = client.on('transport', ({ to }) => {
      if (to !== name) return
      stop()
      resolve()
    })
    client.preferTransport(name)
  })
}

/** Notes what a topic delivers. */
async function readTopic(client: Client, topic: string): Promise<{ offsets: number[]; data: unknown[] }> {
  const read = { offsets: [] as number[], data: [] as unknown[] }
  const handlers = {
    message({ offset, data }: { offset: number; data: unknown }) {
      read.offsets.push(offset)
      read.data.push(data)
    },
    gap: () => expect.fail('a gap'),
  }
  await client.subscribe(topic, {}, handlers).ready
  return read
}

it(
  'S20 changing transport 200 times during 20,000 publishes in each direction: no hole, no repeat, order kept',
  { timeout: 60_000 },
  async () => {
    const { hub, url } = owner.own(await startHub())
    const client = owner.own(connect(url))
    const observer = owner.own(connect(url))
    const down = await readTopic(client, 'down')
    const up = await readTopic(observer, 'up')
    const { session } = client
    const errors: string[] = []
    client.on('error', ({ code }) => errors.push(code))
    const published: Promise<{ readonly offset: number; readonly duplicate: boolean }>[] = []
    const told: Promise<unknown>[] = []

    for (let number = 0; number < switches; number++) {
      const change = changed(client, cycle[number % cycle.length] ?? '')
      for (let count = 0; count < messages / switches; count++) {
        published.push(client.publish('up', published.length + 1))
        told.push(hub.publish('down', told.length + 1))
      }
      await change
    }
    const results = await Promise.all(published)
    await Promise.all(told)
    await until(() => down.offsets.length >= messages && up.offsets.length >= messages, 'all have arrived')

    const all = upTo(messages)
    expect(down).toEqual({ offsets: all, data: all })
    expect(up).toEqual({ offsets: all, data: all })
    expect(results.map(({ offset }) => offset)).toEqual(all)
    expect(results.filter(({ duplicate }) => duplicate)).toEqual([])
    expect(client.session).toBe(session)
    expect(errors).toEqual([])
    await until(() => hub.stats().links === 2, 'the links that were left are gone')
    expect(hub.stats()).toMatchObject({ sessions: { live: 2, resting: 0 }, orphans: 0 })
  },
)
