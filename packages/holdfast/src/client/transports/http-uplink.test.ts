import { describe, expect, it } from 'vitest'
import { HttpLinkFixture } from '../../testing/http-link-fixture.ts'
import { longPoll } from './long-poll.ts'
import { sse } from './sse.ts'

const name = { 'holdfast-link': 'h1.secret' }
const unknown = { code: 'link_unknown', message: 'No such link.', retry: true }

async function openSse(): Promise<HttpLinkFixture> {
  const fixture = new HttpLinkFixture(sse())
  await fixture.settled()
  fixture.http.latest('/sse').begin(200, name).push(':\n\n')
  await fixture.settled()
  return fixture
}

async function openPoll(): Promise<HttpLinkFixture> {
  const fixture = new HttpLinkFixture(longPoll())
  await fixture.settled()
  fixture.http.latest('/poll').answer(204, name)
  await fixture.settled()
  return fixture
}

const openings = [
  { transport: 'sse', open: openSse },
  { transport: 'longPoll', open: openPoll },
]

async function taken(fixture: HttpLinkFixture): Promise<void> {
  fixture.http.latest('/send').answer(204)
  await fixture.settled()
}

describe.each(openings)('[R51] the uplink of $transport', ({ open }) => {
  it('sends what came in one turn together, under the link’s name', async () => {
    const fixture = await open()
    fixture.link.send('{"a":1}')
    fixture.link.send('{"b":2}')
    await fixture.settled()
    expect(fixture.sent).toEqual([[1, ['{"a":1}', '{"b":2}']]])
    const { url, request } = fixture.http.latest('/send')
    expect(url).toBe('https://hub.example/holdfast/send?tenant=a')
    expect(request.headers).toEqual({
      ...name,
      'holdfast-sequence': '1',
      'content-type': 'application/x-ndjson',
    })
  })

  it('has one request under way; what comes meanwhile goes with the next', async () => {
    const fixture = await open()
    fixture.link.send('1')
    await fixture.settled()
    fixture.link.send('2')
    await fixture.settled()
    fixture.link.send('3')
    await fixture.settled()
    expect(fixture.sent).toEqual([[1, ['1']]])
    await taken(fixture)
    expect(fixture.sent.slice(1)).toEqual([[2, ['2', '3']]])
    await taken(fixture)
    fixture.link.send('4')
    await fixture.settled()
    expect(fixture.sent.slice(2)).toEqual([[3, ['4']]])
  })

  it('puts at most 65,536 bytes into one request, but for a single frame', async () => {
    const fixture = await open()
    const frames = ['ä'.repeat(20_000), 'b'.repeat(25_535), 'c', 'd'.repeat(100_000), 'e']
    for (const frame of frames) fixture.link.send(frame)
    for (let request = 0; request < 4; request++) {
      await fixture.settled()
      await taken(fixture)
    }
    expect(fixture.sent.map(([, batch]) => batch.map((frame) => frame[0]))).toEqual([
      ['ä', 'b'],
      ['c'],
      ['d'],
      ['e'],
    ])
    expect(new TextEncoder().encode(fixture.sent[0]?.[1].join('\n')).length).toBe(65_536)
  })

  it('counts the bytes that are queued or under way', async () => {
    const fixture = await open()
    fixture.link.send('äöü')
    expect(fixture.link.bufferedBytes).toBe(6)
    await fixture.settled()
    fixture.link.send('12')
    fixture.link.send('345')
    expect(fixture.link.bufferedBytes).toBe(11)
    await taken(fixture)
    expect(fixture.link.bufferedBytes).toBe(5)
    await taken(fixture)
    expect(fixture.link.bufferedBytes).toBe(0)
  })

  it('sends a request that failed again at once: the same bytes under the same number', async () => {
    const fixture = await open()
    fixture.link.send('1')
    await fixture.settled()
    fixture.http.latest('/send').fail()
    fixture.link.send('2')
    await fixture.settled()
    fixture.http.latest('/send').answer(502, {}, 'upstream')
    await fixture.settled()
    await taken(fixture)
    expect(fixture.sent).toEqual([
      [1, ['1']],
      [1, ['1']],
      [1, ['1']],
      [2, ['2']],
    ])
    expect(fixture.ends).toEqual([])
  })

  it('gives up at the third failure in a row, and counts anew after a success', async () => {
    const fixture = await open()
    fixture.link.send('1')
    await fixture.settled()
    for (const outcome of ['fail', 'fail', 'taken', 'fail', 'fail'] as const) {
      if (outcome === 'fail') fixture.http.latest('/send').fail()
      else fixture.http.latest('/send').answer(204)
      fixture.link.send('more')
      await fixture.settled()
    }
    expect(fixture.ends).toEqual([])
    fixture.http.latest('/send').fail()
    await fixture.settled()
    expect(fixture.ends).toEqual([null])
    expect(fixture.http.open).toEqual([])
  })

  it('ends with what the hub says, at once', async () => {
    const fixture = await open()
    fixture.link.send('1')
    await fixture.settled()
    const refusal = { code: 'frame_too_large', message: 'Too large.', retry: false }
    fixture.http.latest('/send').refuse(413, refusal)
    await fixture.settled()
    expect(fixture.ends).toEqual([refusal])
    expect(fixture.http.open).toEqual([])
  })

  it('asks three times before it believes that the link is unknown', async () => {
    const fixture = await open()
    fixture.link.send('1')
    await fixture.settled()
    for (let times = 1; times <= 3; times++) {
      expect(fixture.ends).toEqual([])
      fixture.http.latest('/send').refuse(410, unknown)
      await fixture.settled()
    }
    expect(fixture.ends).toEqual([unknown])
    expect(fixture.sent).toHaveLength(3)
  })

  it.each([
    ['an untyped refusal', 403, '<html>'],
    ['a refusal of the wrong shape', 403, '{"code":"forbidden","message":"No.","retry":"no"}'],
    ['a refusal that is no object', 400, 'null'],
    ['a success that is not the hub’s', 200, 'Welcome to the hotel'],
    ['a redirect', 302, ''],
  ])('ends with %s', async (_, status, text) => {
    const fixture = await open()
    fixture.link.send('1')
    await fixture.settled()
    fixture.http.latest('/send').answer(status, {}, text)
    await fixture.settled()
    expect(fixture.ends).toEqual([null])
    expect(fixture.sent).toHaveLength(1)
  })
})

describe.each(openings)('[R48] closing $transport in order', ({ open }) => {
  it('sends everything first, then lets go of everything and says so once', async () => {
    const fixture = await open()
    fixture.link.send('1')
    await fixture.settled()
    fixture.link.send('{"type":"leave"}')
    fixture.link.close()
    await fixture.settled()
    expect(fixture.sent).toEqual([[1, ['1']]])
    await taken(fixture)
    expect(fixture.sent.slice(1)).toEqual([[2, ['{"type":"leave"}']]])
    expect(fixture.ends).toEqual([])
    await taken(fixture)
    expect(fixture.ends).toEqual([null])
    expect(fixture.http.open).toEqual([])
    expect(fixture.freeSlots).toBe(4)
  })

  it('with nothing to send ends soon, but not within the call', async () => {
    const fixture = await open()
    fixture.link.close()
    fixture.link.close()
    expect(fixture.ends).toEqual([])
    await fixture.settled()
    expect(fixture.ends).toEqual([null])
    expect(fixture.http.open).toEqual([])
  })

  it('says so once if the last request fails for good', async () => {
    const fixture = await open()
    fixture.link.send('{"type":"leave"}')
    fixture.link.close()
    for (let times = 0; times < 3; times++) {
      await fixture.settled()
      fixture.http.latest('/send').fail()
    }
    await fixture.settled()
    expect(fixture.ends).toEqual([null])
  })

  it('before it is open ends it', async () => {
    for (const transport of [sse(), longPoll()]) {
      const fixture = new HttpLinkFixture(transport)
      fixture.link.close()
      await fixture.settled()
      expect(fixture.told).toEqual([{ closed: null }])
      expect(fixture.http.open).toEqual([])
      expect(fixture.freeSlots).toBe(4)
    }
  })
})

describe('a hub that ends the response first', () => {
  it('ends a link that closes, once', async () => {
    const fixture = new HttpLinkFixture(sse())
    await fixture.settled()
    const body = fixture.http.latest('/sse').begin(200, name)
    body.push(':\n\n')
    await fixture.settled()
    fixture.link.send('{"type":"leave"}')
    fixture.link.close()
    await fixture.settled()
    body.end()
    await fixture.settled()
    expect(fixture.told).toEqual(['opened', { closed: null }])
    expect(fixture.http.open).toEqual([])
  })
})

describe.each(openings)('abandoning $transport', ({ transport, open }) => {
  const make = transport === 'sse' ? sse : longPoll

  it('at once tells nothing and asks for nothing', async () => {
    const fixture = new HttpLinkFixture(make())
    fixture.link.abandon()
    await fixture.settled()
    expect({ told: fixture.told, requests: fixture.http.requests }).toEqual({ told: [], requests: [] })
  })

  it('while it opens aborts the request', async () => {
    const fixture = new HttpLinkFixture(make())
    await fixture.settled()
    fixture.link.abandon()
    expect(fixture.http.open).toEqual([])
    await fixture.settled()
    expect({ told: fixture.told, free: fixture.freeSlots }).toEqual({ told: [], free: 4 })
    expect(fixture.http.requests).toHaveLength(1)
  })

  it('while it is open aborts downlink and uplink, whatever is sent then', async () => {
    const fixture = await open()
    fixture.link.send('1')
    await fixture.settled()
    expect(fixture.http.open).toHaveLength(2)
    fixture.link.abandon()
    expect(fixture.http.open).toEqual([])
    fixture.link.send('2')
    fixture.link.close()
    await fixture.settled()
    expect({ told: fixture.told, free: fixture.freeSlots }).toEqual({ told: ['opened'], free: 4 })
    expect(fixture.sent).toHaveLength(1)
  })

  it('tells nothing of what has arrived but was not read', async () => {
    const fixture = await open()
    fixture.link.send('1')
    await fixture.settled()
    for (const request of fixture.http.open) {
      if (request.url.includes('/poll')) {
        request.answer(200, { 'holdfast-sequence': '1' }, 'data: late\n\n')
      } else {
        request.refuse(403, { code: 'forbidden', message: 'No.', retry: false })
      }
    }
    fixture.link.abandon()
    await fixture.settled()
    expect(fixture.told).toEqual(['opened'])
  })

  it('within the opening tells nothing after it', async () => {
    const fixture = new HttpLinkFixture(make(), {
      onTold: (event, link) => {
        if (event === 'opened') link.abandon()
      },
    })
    await fixture.settled()
    if (transport === 'sse') fixture.http.latest('/sse').begin(200, name).push('data: 1\n\n')
    else fixture.http.latest('/poll').answer(204, name)
    await fixture.settled()
    expect(fixture.told).toEqual(['opened'])
    expect(fixture.http.open).toEqual([])
    expect(fixture.freeSlots).toBe(4)
  })

  it('within a frame tells none of the frames that came along', async () => {
    const fixture = new HttpLinkFixture(make(), {
      onTold: (event, link) => {
        if (event === '1') link.abandon()
      },
    })
    await fixture.settled()
    const frames = 'data: 1\n\ndata: 2\n\n'
    if (transport === 'sse') fixture.http.latest('/sse').begin(200, name).push(frames)
    else {
      fixture.http.latest('/poll').answer(204, name)
      await fixture.settled()
      fixture.http.latest('/poll').answer(200, { 'holdfast-sequence': '1' }, frames)
    }
    await fixture.settled()
    expect(fixture.told).toEqual(['opened', '1'])
    expect(fixture.http.open).toEqual([])
  })
})
