import { expect, test } from 'vitest'
import { generate } from '../generate.ts'
import { trace } from '../live.ts'
import type { Schedule, Step, WorldSettings } from '../schedule.ts'

const settings: WorldSettings = {
  ...generate(1).settings,
  clients: [{ over: ['websocket'], user: 'ana' }],
  topics: ['red'],
  sessionTtlMs: 30_000,
  tokenLifeMs: 20_000,
  network: {},
  authorizingMs: 500,
  engineMs: 0,
}

const publish = (at: number, token: string): Step => ({
  at,
  do: 'publish',
  client: 0,
  topic: 'red',
  token,
  timeoutMs: 60_000,
})

const steps: Schedule['steps'] = [
  { at: 0, do: 'subscribe', client: 0, topic: 'red', from: 'now' },
  { at: 2_000, do: 'role', user: 'ana', topic: 'red', may: 'publish' },
  publish(3_000, 'before'),
  publish(14_000, 'after'),
]

/** When the lines of a trace were told. */
const timesOf = (text: string, what: RegExp): number[] =>
  text.split('\n').flatMap((line) => (what.test(line) ? [Number.parseFloat(line)] : []))

test('who may publish only loses what it reads when its token is renewed in place, and publishes on', async () => {
  const { violations, text } = await trace({ seed: 1, settings, steps })
  expect(violations).toEqual([])
  const [renewed = Infinity] = timesOf(text, /hub .* reads {2}\{"type":"token"/)
  expect(timesOf(text, /client 0 .* reads {2}\{"type":"message".*"before"/)).toHaveLength(1)
  expect(timesOf(text, /client 0 .* reads {2}\{"type":"message".*"after"/)).toEqual([])
  const [revoked] = timesOf(text, /hub .* writes \{"type":"unsubscribed".*"revoked"/)
  expect(revoked).toBe(renewed + 500)
  expect(timesOf(text, /"type":"result".*"offset":2/)).toHaveLength(2)
  expect(timesOf(text, /client 0 .* writes \{"type":"hello"/)).toHaveLength(1)
})

test('who may subscribe only is refused what it published before its session was resumed', async () => {
  const { violations, text } = await trace({
    seed: 1,
    settings: { ...settings, authorizingMs: 4_000 },
    steps: [
      { at: 0, do: 'subscribe', client: 0, topic: 'red', from: 'now' },
      { at: 2_000, do: 'role', user: 'ana', topic: 'red', may: 'subscribe' },
      publish(2_100, 'before'),
      { at: 2_200, do: 'cut', client: 0, told: ['client', 'hub'] },
    ],
  })
  expect(violations).toEqual([])
  expect(timesOf(text, /client 0 .* reads {2}\{"type":"result".*"forbidden"/)).toHaveLength(1)
  expect(timesOf(text, /"type":"unsubscribed"/)).toEqual([])
})
