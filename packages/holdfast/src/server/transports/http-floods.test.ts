import { afterEach, expect, it } from 'vitest'
import { Owner } from '../../testing/owner.ts'
import { ask } from '../../testing/raw-http.ts'
import { RawHttpLink } from '../../testing/raw-http-link.ts'
import { startHub } from '../../testing/real-hub.ts'
import { createHub } from '../index.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

it('polled links that nobody says hello on are bounded: the oldest end, and whoever says hello stays', async () => {
  const real = owner.own(await startHub({ limits: { maxFreshPolls: 10 } }))
  const welcomed = owner.own(await RawHttpLink.welcomed(real.url, 'poll'))
  for (let opened = 0; opened < 200; opened++) {
    expect((await ask(`${real.url}/poll`)).status).toBe(204)
    expect(real.hub.stats().links).toBeLessThanOrEqual(11)
  }
  const late = owner.own(await RawHttpLink.welcomed(real.url, 'poll'))
  for (const link of [welcomed, late]) {
    await link.send({ type: 'ping', id: 7 })
    expect(await link.next('pong')).toMatchObject({ id: 7 })
  }
})

it.each(['sse', 'poll'] as const)(
  '[R9] more than 16 pings before hello end the link: nothing piles up for who is unknown (%s)',
  async (downlink) => {
    const real = owner.own(await startHub())
    const link = owner.own(await RawHttpLink.open(real.url, downlink))
    await link.send(...Array.from({ length: 17 }, () => ({ type: 'ping', id: 1 })))
    expect(await link.next('goodbye')).toMatchObject({ code: 'hello_expected' })
  },
)

it('origins that no browser sends are refused when the hub is made', () => {
  for (const origin of ['http://localhost:4321/', 'localhost:4321', '*.example.com', 'HTTPS://Example.com']) {
    expect(() => createHub({ origins: [origin] })).toThrow(TypeError)
  }
})
