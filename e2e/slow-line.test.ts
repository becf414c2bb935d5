import { connect, longPoll, sse, websocket } from 'holdfast/client'
import { expect, test } from 'vitest'
import { FaultProxy } from '../packages/holdfast/src/testing/fault-proxy/fault-proxy.ts'
import { eventually } from './eventually.ts'
import { Site } from './site.ts'

const transports = [
  ['WebSocket', websocket()],
  ['SSE', sse()],
  ['long-poll', longPoll()],
] as const

test.for(transports)(
  'a line that delivers late and a few bytes at a time carries everything over %s, both ways',
  async ([, transport]) => {
    await using site = await Site.start()
    site.hub.onRequest('echo', (payload) => payload)
    await using proxy = await FaultProxy.before(site.port)
    proxy.rules = [
      { fault: { type: 'slice', leastBytes: 1, mostBytes: 16 } },
      { fault: { type: 'delay', leastMs: 0, mostMs: 40 } },
    ]
    await using client = connect(`http://127.0.0.1:${proxy.port}/holdfast`, { transports: [transport] })
    const texts = Array.from({ length: 30 }, (_, index) => `${index} 𝄞 é\r\n\r\ndata: "${'…'.repeat(index)}"`)
    const received: unknown[] = []
    const handlers = { message: ({ data }: { data: unknown }) => void received.push(data), gap: () => {} }
    await client.subscribe('texts', {}, handlers).ready
    for (const text of texts) void site.hub.publish('texts', text)
    expect(await Promise.all(texts.map((text) => client.request('echo', text)))).toEqual(texts)
    await eventually('all have come', 15_000, () => received, texts)
  },
)
