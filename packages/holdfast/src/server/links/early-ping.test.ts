import { afterEach, expect, it } from 'vitest'
import { deferred } from '../../testing/deferred.ts'
import { Owner } from '../../testing/owner.ts'
import { helloFrame, RawLink } from '../../testing/raw-link.ts'
import { startHub } from '../../testing/real-hub.ts'
import { until } from '../../testing/until.ts'

const owner = new Owner()
afterEach(() => owner.closeAll())

it('[R9] a ping is answered before hello, and while the credentials are checked', async () => {
  const checked = deferred<{ user: string }>()
  let asked = 0
  const authenticate = (): Promise<{ user: string }> => {
    asked++
    return checked.promise
  }
  const { url } = owner.own(await startHub({ authenticate }))
  const link = owner.own(await RawLink.open(url))
  link.send({ type: 'ping', id: 1 })
  expect(await link.next('pong')).toEqual({ type: 'pong', id: 1 })
  link.send(helloFrame())
  await until(() => asked === 1, 'the credentials are checked')
  link.send({ type: 'ping', id: 2 })
  expect(await link.next('pong')).toEqual({ type: 'pong', id: 2 })
  checked.resolve({ user: 'ada' })
  await link.next('welcome')
  expect(asked).toBe(1)
})

it('[R9] pings do not put off the deadline for hello', async () => {
  const { url } = owner.own(await startHub({ timeouts: { helloMs: 60 } }))
  const link = owner.own(await RawLink.open(url))
  const pinging = setInterval(() => link.send({ type: 'ping', id: 1 }), 5)
  expect(await link.next('goodbye')).toMatchObject({ code: 'hello_timeout', retry: true })
  clearInterval(pinging)
  expect(link.frames.some(({ type }) => type === 'pong')).toBe(true)
})

it('[R9] a second hello before welcome still ends the link', async () => {
  const { url } = owner.own(await startHub({ authenticate: () => new Promise(() => {}) }))
  const link = owner.own(await RawLink.open(url))
  for (const frame of [helloFrame(), { type: 'ping', id: 1 }, helloFrame()]) link.send(frame)
  expect(await link.next('goodbye')).toMatchObject({ code: 'hello_expected' })
})
