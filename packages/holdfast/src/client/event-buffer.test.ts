import { describe, expect, test } from 'vitest'
import { HoldfastError } from '../core/wire/errors.ts'
import { EventBuffer } from './event-buffer.ts'

const done = { done: true, value: undefined }
const value = (event: string) => ({ done: false, value: event })

describe('the buffer of an iterator', () => {
  test('is full at its capacity, and reads again when half of it is left', async () => {
    let drained = 0
    const buffer = new EventBuffer<string>(4, () => drained++)
    const iterator = buffer.iterator(() => {})
    for (const event of ['a', 'b', 'c']) buffer.push(event)
    expect(buffer.full).toBe(false)
    buffer.push('d')
    expect(buffer.full).toBe(true)
    expect(await iterator.next()).toEqual(value('a'))
    expect([buffer.full, drained]).toEqual([true, 0])
    expect(await iterator.next()).toEqual(value('b'))
    expect([buffer.full, drained]).toEqual([false, 1])
  })

  test('of one event is not full while somebody waits for it', async () => {
    const buffer = new EventBuffer<string>(1, () => expect.fail('it was never full'))
    const next = buffer.iterator(() => {}).next()
    buffer.push('a')
    expect(buffer.full).toBe(false)
    expect(await next).toEqual(value('a'))
  })

  test('serves several calls of next in their order', async () => {
    const buffer = new EventBuffer<string>(8, () => {})
    const iterator = buffer.iterator(() => {})
    const nexts = [iterator.next(), iterator.next()]
    for (const event of ['a', 'b']) buffer.push(event)
    expect(await Promise.all(nexts)).toEqual([value('a'), value('b')])
  })

  test('yields what it holds before it ends or throws', async () => {
    const buffer = new EventBuffer<string>(8, () => {})
    const iterator = buffer.iterator(() => {})
    buffer.push('a')
    buffer.end(new HoldfastError('revoked'))
    expect(await iterator.next()).toEqual(value('a'))
    await expect(iterator.next()).rejects.toMatchObject({ code: 'revoked' })
    expect(await iterator.next()).toEqual(done)
  })

  test('lets a consumer leave that waits for an event', async () => {
    const buffer = new EventBuffer<string>(8, () => {})
    const iterator = buffer.iterator(() => buffer.end(null))
    const next = iterator.next()
    expect(await iterator.return?.()).toEqual(done)
    expect(await next).toEqual(done)
  })
})
