import { describe, expect, test } from 'vitest'
import { webSocketFrame } from '../../server/transports/websocket-frame.ts'
import type { PortPair } from './port-bench.ts'
import { benchOf, framesOfManySizes, heldLink, openedLink, written } from './suite-fixture.ts'

/** What every attachment of the hub must do, whatever transport is behind it. */
export function linkSocketSuite(pair: PortPair): void {
  describe(`the hub's end of a link: ${pair.name}`, () => {
    registration(pair)
    writing(pair)
    ending(pair)
    destroying(pair)
  })
}

function registration(pair: PortPair): void {
  const bench = benchOf(pair)

  test('is introduced once, with the request that opened it', async () => {
    const { end } = await openedLink(bench())
    await bench().rest()
    expect(bench().ends).toHaveLength(1)
    expect(end.request.headers).toBeTypeOf('object')
    expect(end.told).toEqual([])
    expect(end.socket.abandoned).toBe(false)
  })

  test('may be written to in the call that introduces it', async () => {
    bench().accepting = (socket) => socket.write([socket.encode('{"early":1}')], () => {})
    const client = bench().open()
    await bench().until(() => client.frames.length > 0, 'the frame arrives')
    expect(client.told).toEqual(['opened', '{"early":1}'])
  })

  test('may be destroyed in the call that introduces it, and ends once at both ends', async () => {
    bench().accepting = (socket) => socket.destroy()
    const client = bench().open()
    await bench().until(() => client.ends.length > 0, 'the client hears')
    await bench().until(() => bench().ends[0]?.closedCount === 1, 'the hub hears')
    await bench().rest()
    expect([client.ends.length, client.frames]).toEqual([1, []])
    expect(bench().ends.map(({ told }) => told)).toEqual([['closed']])
  })
}

function writing(pair: PortPair): void {
  const bench = benchOf(pair)

  test('brings frames of any size and script to the client, whole and in order', async () => {
    const { client, end } = await openedLink(bench())
    for (const text of framesOfManySizes) {
      // As the hub does: one write at a time.
      await written(bench(), end, text)
    }
    await bench().until(() => client.frames.length >= framesOfManySizes.length, 'all arrive')
    expect(client.frames).toEqual(framesOfManySizes)
  })

  test('brings all parts of a write in order, and says that it is written once, later', async () => {
    const { client, end } = await openedLink(bench())
    const texts = Array.from({ length: 500 }, (_, index) => `{"index":${index}}`)
    let count = 0
    end.socket.write(
      texts.map((text) => end.socket.encode(text)),
      () => void count++,
    )
    expect(count).toBe(0)
    await bench().until(() => count > 0 && client.frames.length >= texts.length, 'all arrive')
    await bench().rest()
    expect([count, client.frames]).toEqual([1, texts])
  })

  test('brings what a topic holds, framed its own way', async () => {
    const { client, end } = await openedLink(bench())
    const texts = framesOfManySizes.slice(0, 6)
    const bytes = Buffer.concat(texts.map((text) => webSocketFrame(text)))
    const before = Buffer.from(bytes)
    const slice = end.socket.framed({ bytes, through: 6, segment: null })
    expect(slice.through).toBe(6)
    end.socket.write([slice.bytes], () => {})
    await bench().until(() => client.frames.length >= texts.length, 'all arrive')
    expect(client.frames).toEqual(texts)
    expect(bytes.equals(before)).toBe(true)
  })

  test('is not written while the client reads nothing, and goes on when it does', async ({ skip }) => {
    const stall = bench().stallClient
    if (!stall)
      return skip('the kernel decides how much it takes: see http-hostile.test.ts and slow-readers.test.ts')
    const { client, end } = await openedLink(bench())
    const release = stall()
    const text = `"${'x'.repeat(200_000)}"`
    let count = 0
    for (let write = 0; write < 4; write++) end.socket.write([end.socket.encode(text)], () => void count++)
    await bench().rest()
    expect(count).toBeLessThan(4)
    expect(client.frames).toEqual([])
    release()
    await bench().until(() => count === 4 && client.frames.length === 4, 'all arrive')
  })
}

function ending(pair: PortPair): void {
  const bench = benchOf(pair)

  test('closes after what was written', async () => {
    const { client, end } = await openedLink(bench())
    const large = `"${'y'.repeat(200_000)}"`
    end.socket.write([end.socket.encode(large)], () => {})
    end.socket.write([end.socket.encode('{"type":"goodbye"}')], () => {})
    end.socket.close('hub_closing')
    await bench().until(() => client.ends.length > 0, 'the client hears')
    await bench().until(() => end.closedCount > 0, 'the hub hears')
    await bench().rest()
    expect(client.frames).toEqual([large, '{"type":"goodbye"}'])
    expect([client.ends.length, end.told]).toEqual([1, ['closed']])
  })

  test('takes nothing after a close, and no second close', async () => {
    const { client, end } = await openedLink(bench())
    let count = 0
    end.socket.close('hub_closing')
    end.socket.close('superseded')
    end.socket.write([end.socket.encode('{"late":1}')], () => void count++)
    await bench().until(() => client.ends.length > 0 && end.closedCount > 0, 'both hear')
    await bench().rest()
    expect([client.frames, count, end.told]).toEqual([[], 0, ['closed']])
  })
}

function destroying(pair: PortPair): void {
  const bench = benchOf(pair)

  test('destroyed it ends once at both ends, and nothing comes after', async () => {
    const { client, end } = await openedLink(bench())
    client.link.send('{"too":"late"}')
    end.socket.destroy()
    end.socket.destroy()
    await bench().until(() => client.ends.length > 0 && end.closedCount > 0, 'both hear')
    end.socket.destroy()
    end.socket.close('hub_closing')
    end.socket.write([end.socket.encode('{}')], () => {})
    await bench().rest()
    expect([client.ends.length, client.frames, end.closedCount]).toEqual([1, [], 1])
    expect(end.told.at(-1)).toBe('closed')
  })

  test('destroyed while it closes it ends once', async () => {
    const { client, end } = await openedLink(bench())
    end.socket.close('hub_closing')
    end.socket.destroy()
    await bench().until(() => client.ends.length > 0 && end.closedCount > 0, 'both hear')
    await bench().rest()
    expect([client.ends.length, end.told]).toEqual([1, ['closed']])
  })

  test('destroyed in the call that brings a frame, it brings at most what had arrived, and ends once', async () => {
    const { client, end } = await openedLink(bench())
    const texts = [1, 2, 3].map((n) => `{"n":${n}}`)
    end.react = (_told, socket) => socket.destroy()
    for (const text of texts) client.link.send(text)
    await bench().until(() => end.closedCount > 0, 'it ends')
    client.link.send('{"n":4}')
    await bench().rest()
    expect(end.told).toEqual([...texts.slice(0, end.frames.length), 'closed'])
    expect(end.frames.length).toBeGreaterThan(0)
  })

  test('may be written to although the client has gone', async () => {
    const { client, end } = await openedLink(bench())
    client.link.abandon()
    expect(() => end.socket.write([end.socket.encode('{"nobody":1}')], () => {})).not.toThrow()
    end.socket.destroy()
    await bench().until(() => end.closedCount > 0, 'it ends')
    await bench().rest()
    expect([client.told, end.told]).toEqual([['opened'], ['closed']])
  })

  test('may be written to when the hub has heard that the client has gone', async () => {
    const { client, end } = await heldLink(bench())
    client.link.abandon()
    await bench().until(() => end.isLeft, 'the hub hears')
    expect(() => end.socket.write([end.socket.encode('{"nobody":1}')], () => {})).not.toThrow()
    end.socket.destroy()
    await bench().until(() => end.closedCount > 0, 'it ends')
    await bench().rest()
    expect([client.told, end.told]).toEqual([['opened', '{"held":1}'], ['closed']])
  })
}
