import { describe, expect, test } from 'vitest'
import { Device } from '../wire/device.ts'
import { transports } from '../wire/link.ts'

describe.each(transports)('over %s', (transport) => {
  test('[R38] a ping is answered with a pong of the same id', async () => {
    const { link } = await Device.connected({ transport })
    for (const id of [0, 7, 7, 2 ** 53 - 1]) void link.send({ type: 'ping', id })
    await link.next('pong', { id: 2 ** 53 - 1 })
    expect(link.all('pong').map(({ id }) => id)).toEqual([0, 7, 7, 2 ** 53 - 1])
  })
})

test('[R39] over each transport, a link that is silent is pinged, and ends when it stays silent', async () => {
  const goodbyes = transports.map(async (transport) => {
    const { link } = await Device.connected({ transport, hub: 'impatient', answersPings: false })
    await link.next('ping')
    const goodbye = await link.goodbye()
    expect(await link.ended).toBe(transport === 'websocket' ? 4_411 : null)
    return goodbye
  })
  for (const goodbye of await Promise.all(goodbyes)) {
    expect(goodbye).toMatchObject({ code: 'heartbeat_timeout', retry: true })
  }
})

test('[R39] over each transport, a link that answers its pings lives on', async () => {
  const lives = transports.map(async (transport) => {
    const { link } = await Device.connected({ transport, hub: 'impatient' })
    for (const _ of [1, 2, 3]) await link.next('ping')
    await link.roundTrip()
    return link.all('goodbye')
  })
  expect(await Promise.all(lives)).toEqual([[], [], []])
})
