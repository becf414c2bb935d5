import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HttpLinkFixture } from '../../testing/http-link-fixture.ts'
import type { ScriptedBody } from '../../testing/scripted-fetch.ts'
import { sse } from './sse.ts'

const name = { 'holdfast-link': 'h1.secret' }

/** A link whose downlink has begun. */
async function openLink(): Promise<{ fixture: HttpLinkFixture; body: ScriptedBody }> {
  const fixture = new HttpLinkFixture(sse())
  await fixture.settled()
  const body = fixture.http.latest('/sse').begin(200, name)
  body.push(':\n\n')
  await fixture.settled()
  return { fixture, body }
}

describe('[R49, R52] opening', () => {
  it('posts below the hub’s path, keeping its query, without credentials for other origins', async () => {
    const fixture = new HttpLinkFixture(sse())
    await fixture.settled()
    expect(fixture.http.requests).toHaveLength(1)
    const { url, request } = fixture.http.latest('/sse')
    expect(url).toBe('https://hub.example/holdfast/sse?tenant=a')
    expect(request).toMatchObject({ method: 'POST', headers: {}, credentials: 'same-origin' })
    expect(request.headers).toEqual({})
    expect(request.body).toBeUndefined()
  })

  it.each([
    ['https://hub.example/', 'https://hub.example/sse'],
    ['https://hub.example/holdfast/', 'https://hub.example/holdfast/sse'],
    ['ws://hub.example/holdfast', 'http://hub.example/holdfast/sse'],
    ['wss://hub.example/a/b/?q', 'https://hub.example/a/b/sse?q'],
  ])('from %s posts to %s', async (url, expected) => {
    const fixture = new HttpLinkFixture(sse({ credentials: 'include' }), { url })
    await fixture.settled()
    expect(fixture.http.requests.map(({ url }) => url)).toEqual([expected])
    expect(fixture.http.latest('/sse').request.credentials).toBe('include')
  })

  it('is open only once the first bytes have come', async () => {
    const fixture = new HttpLinkFixture(sse())
    await fixture.settled()
    const body = fixture.http.latest('/sse').begin(200, name)
    await fixture.settled()
    expect(fixture.told).toEqual([])
    body.push(':')
    await fixture.settled()
    expect(fixture.told).toEqual(['opened'])
  })

  it('tells nothing before open has returned, whatever fails how early', async () => {
    const fixture = new HttpLinkFixture(sse())
    expect(fixture.early).toEqual([])
    await fixture.settled()
    fixture.http.latest('/sse').fail()
    await fixture.settled()
    expect(fixture.ends).toEqual([null])
    expect(fixture.http.requests).toHaveLength(1)
  })

  it.each([
    ['a response without a link', 200, {}],
    ['an error of a proxy', 502, {}],
    ['a page that is not there', 404, {}],
    ['a redirect', 302, { location: 'https://portal.example' }],
  ])('fails with %s', async (_, status, headers) => {
    const fixture = new HttpLinkFixture(sse())
    await fixture.settled()
    fixture.http.latest('/sse').answer(status, headers, '<html>')
    await fixture.settled()
    const message = `Answered with HTTP ${status}: no hub there?`
    const departure = status === 200 ? null : { code: 'connect_failed', message, retry: true }
    expect(fixture.told).toEqual([{ closed: departure }])
    expect(fixture.freeSlots).toBe(4)
  })

  it('fails with what the hub says', async () => {
    const fixture = new HttpLinkFixture(sse())
    await fixture.settled()
    const refusal = { code: 'origin_forbidden', message: 'No.', retry: false }
    fixture.http.latest('/sse').refuse(403, refusal)
    await fixture.settled()
    expect(fixture.told).toEqual([{ closed: refusal }])
  })

  it('fails if the response ends before its first byte', async () => {
    const fixture = new HttpLinkFixture(sse())
    await fixture.settled()
    fixture.http.latest('/sse').begin(200, name).end()
    await fixture.settled()
    expect(fixture.told).toEqual([{ closed: null }])
  })
})

describe('[R52] the downlink', () => {
  it('gives each frame as it comes', async () => {
    const { fixture, body } = await openLink()
    body.push('data: {"type":"pi')
    await fixture.settled()
    body.push('ng","id":1}\n\ndata: {"type":"ping","id":2}\n\n')
    await fixture.settled()
    expect(fixture.told).toEqual(['opened', '{"type":"ping","id":1}', '{"type":"ping","id":2}'])
  })

  it('gives the same frames however the bytes are cut, within a character too', async () => {
    const frame = fc.json({ stringUnit: 'grapheme' })
    const check = async (frames: string[], cuts: number[]): Promise<void> => {
      const { fixture, body } = await openLink()
      const bytes = new TextEncoder().encode(frames.map((frame) => `data: ${frame}\n\n`).join(''))
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
      places.slice(1).forEach((place, index) => body.push(bytes.slice(places[index], place)))
      await fixture.settled()
      expect(fixture.told).toEqual(['opened', ...frames.map((frame) => frame.trim())])
      fixture.link.abandon()
    }
    const cuts = fc.array(fc.nat(), { maxLength: 30 })
    await fc.assert(fc.asyncProperty(fc.array(frame, { maxLength: 6 }), cuts, check))
  })

  it.each(['end', 'fail'] as const)('is the link: once it is at its %s, all is', async (ending) => {
    const { fixture, body } = await openLink()
    fixture.link.send('1')
    await fixture.settled()
    body.push('data: {"type":"goodbye"}\n\ndata: half')
    body[ending]()
    await fixture.settled()
    const frames = ending === 'end' ? ['{"type":"goodbye"}'] : []
    expect(fixture.told).toEqual(['opened', ...frames, { closed: null }])
    expect(fixture.http.open).toEqual([])
    expect(fixture.freeSlots).toBe(4)
  })
})

describe('[R56] S33 the right to hold a request', () => {
  it('is held as long as the link', async () => {
    const { fixture } = await openLink()
    expect(fixture.freeSlots).toBe(3)
    fixture.link.abandon()
    expect(fixture.freeSlots).toBe(4)
    fixture.link.abandon()
    expect(fixture.freeSlots).toBe(4)
  })

  it('is needed: without it another transport may be tried', async () => {
    const fixture = new HttpLinkFixture(sse(), { freeSlots: 0 })
    await fixture.settled()
    const departure = {
      code: 'connect_failed',
      message: expect.stringContaining('Too many tabs') as string,
      retry: true,
    }
    expect(fixture.told).toEqual([{ closed: departure }])
    expect(fixture.http.requests).toEqual([])
  })

  it('is given back if it comes too late', async () => {
    const fixture = new HttpLinkFixture(sse())
    fixture.link.abandon()
    await fixture.settled()
    expect(fixture.freeSlots).toBe(4)
    expect(fixture.told).toEqual([])
    expect(fixture.http.requests).toEqual([])
  })
})
