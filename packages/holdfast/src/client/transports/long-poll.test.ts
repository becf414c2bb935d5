import { describe, expect, it } from 'vitest'
import { HttpLinkFixture } from '../../testing/http-link-fixture.ts'
import { longPoll } from './long-poll.ts'

const name = { 'holdfast-link': 'h1.secret' }
const sequence = (number: number): Record<string, string> => ({ 'holdfast-sequence': `${number}` })
const event = (frame: string): string => `data: ${frame}\n\n`

async function openLink(freeSlots = 4): Promise<HttpLinkFixture> {
  const fixture = new HttpLinkFixture(longPoll(), { freeSlots })
  await fixture.settled()
  fixture.http.latest('/poll').answer(204, name)
  await fixture.settled()
  return fixture
}

/** The polls so far, each by the number of the response that it says has arrived. */
const polls = ({ http }: HttpLinkFixture): (string | undefined)[] =>
  http.requests.map(({ request }) => request.headers['holdfast-received'])

describe('[R50, R53] opening', () => {
  it('polls without a name, and is open once it has one', async () => {
    const fixture = new HttpLinkFixture(longPoll())
    await fixture.settled()
    const { url, request } = fixture.http.latest('/poll')
    expect(url).toBe('https://hub.example/holdfast/poll?tenant=a')
    expect(request.headers).toEqual({})
    expect(fixture.told).toEqual([])
    fixture.http.latest('/poll').answer(204, name)
    await fixture.settled()
    expect(fixture.told).toEqual(['opened'])
    expect(fixture.http.latest('/poll').request.headers).toEqual({ ...name, 'holdfast-received': '0' })
  })

  it('fails at the first failure, and without a name', async () => {
    for (const answer of ['fail', 'nameless'] as const) {
      const fixture = new HttpLinkFixture(longPoll())
      await fixture.settled()
      if (answer === 'fail') fixture.http.latest('/poll').fail()
      else fixture.http.latest('/poll').answer(204)
      await fixture.settled()
      expect(fixture.told).toEqual([{ closed: null }])
      expect(fixture.http.requests).toHaveLength(1)
      expect(fixture.freeSlots).toBe(4)
    }
  })
})

describe('[R53] polling', () => {
  it('gives the frames of each response once it has arrived whole, and says so with the next poll', async () => {
    const fixture = await openLink()
    const body = fixture.http.latest('/poll').begin(200, sequence(1))
    body.push(event('1') + event('2'))
    await fixture.settled()
    expect(fixture.told).toEqual(['opened'])
    body.end()
    await fixture.settled()
    expect(fixture.told).toEqual(['opened', '1', '2'])
    fixture.http.latest('/poll').answer(200, sequence(2), event('3'))
    await fixture.settled()
    expect(fixture.told).toEqual(['opened', '1', '2', '3'])
    expect(polls(fixture)).toEqual([undefined, '0', '1', '2'])
  })

  it('goes on after an empty response', async () => {
    const fixture = await openLink()
    fixture.http.latest('/poll').answer(204, sequence(0))
    await fixture.settled()
    expect(polls(fixture)).toEqual([undefined, '0', '0'])
    expect(fixture.told).toEqual(['opened'])
  })

  it('ends with an empty response that is not the hub’s: asking again at once would never end', async () => {
    const fixture = await openLink()
    fixture.http.latest('/poll').answer(204)
    await fixture.settled()
    expect(fixture.told).toEqual(['opened', { closed: null }])
  })

  it('gives a response that comes twice once', async () => {
    const fixture = await openLink()
    fixture.http.latest('/poll').answer(200, sequence(1), event('1'))
    await fixture.settled()
    fixture.http.latest('/poll').answer(200, sequence(1), event('1'))
    await fixture.settled()
    fixture.http.latest('/poll').answer(200, sequence(2), event('2'))
    await fixture.settled()
    expect(fixture.told).toEqual(['opened', '1', '2'])
    expect(polls(fixture)).toEqual([undefined, '0', '1', '1', '2'])
  })

  it('gives nothing of a response that broke off, and asks for it again', async () => {
    const fixture = await openLink()
    const body = fixture.http.latest('/poll').begin(200, sequence(1))
    body.push(event('1'))
    body.fail()
    await fixture.settled()
    expect(fixture.told).toEqual(['opened'])
    fixture.http.latest('/poll').answer(200, sequence(1), event('1') + event('2'))
    await fixture.settled()
    expect(fixture.told).toEqual(['opened', '1', '2'])
    expect(polls(fixture)).toEqual([undefined, '0', '0', '1'])
  })

  it('gives up at the third failure in a row, and not before', async () => {
    const fixture = await openLink()
    for (const failure of [502, null, 200, 503, null]) {
      const poll = fixture.http.latest('/poll')
      if (failure === 200) poll.answer(200, sequence(1), event('1'))
      else if (failure === null) poll.fail()
      else poll.answer(failure, {}, 'upstream')
      await fixture.settled()
      expect(fixture.ends).toEqual([])
    }
    fixture.http.latest('/poll').fail()
    await fixture.settled()
    expect(fixture.told).toEqual(['opened', '1', { closed: null }])
    expect(fixture.http.open).toEqual([])
  })

  it.each([
    ['a response is missing', sequence(2)],
    ['a response has no number, so it is not the hub’s', {}],
    ['its number is none', { 'holdfast-sequence': 'x' }],
  ])('gives up if %s', async (_, headers) => {
    const fixture = await openLink()
    fixture.http.latest('/poll').answer(200, headers, event('1'))
    await fixture.settled()
    expect(fixture.told).toEqual(['opened', { closed: null }])
  })

  it('ends with what the hub says', async () => {
    const fixture = await openLink()
    const refusal = { code: 'hub_closing', message: 'Bye.', retry: true, retryAfterMs: 70 }
    fixture.http.latest('/poll').refuse(503, refusal)
    await fixture.settled()
    expect(fixture.told).toEqual(['opened', { closed: refusal }])
  })
})

describe('[R56] S33 the right to hold a request', () => {
  it('is asked for again before each poll, which waits for half a second only until it is there', async () => {
    const fixture = await openLink(0)
    const wait = (): string | undefined => fixture.http.latest('/poll').request.headers['holdfast-wait']
    expect(wait()).toBe('500')
    fixture.http.latest('/poll').answer(200, sequence(1), event('1'))
    await fixture.settled()
    expect(wait()).toBe('500')
    expect(fixture.slotsAsked).toBe(2)
    fixture.freeSlots = 1
    fixture.http.latest('/poll').answer(204, sequence(1))
    await fixture.settled()
    expect(wait()).toBeUndefined()
    fixture.http.latest('/poll').answer(204, sequence(1))
    await fixture.settled()
    expect({ free: fixture.freeSlots, asked: fixture.slotsAsked }).toEqual({ free: 0, asked: 3 })
    fixture.link.abandon()
    expect(fixture.freeSlots).toBe(1)
  })
})
