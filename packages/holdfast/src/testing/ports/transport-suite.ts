import { describe, expect, test } from 'vitest'
import type { PortPair } from './port-bench.ts'
import { benchOf, framesOfManySizes, heldLink, openedLink, written } from './suite-fixture.ts'

/** What every transport of a client must do, whatever it is made of. */
export function transportSuite(pair: PortPair): void {
  describe(`a client's transport: ${pair.name}`, () => {
    opening(pair)
    failing(pair)
    frames(pair)
    closing(pair)
  })
}

function opening(pair: PortPair): void {
  const bench = benchOf(pair)

  test('tells that it is open once, after open has returned, and nothing before', async () => {
    const client = bench().open()
    await bench().until(() => client.isOpen, 'it is open')
    await bench().rest()
    expect([client.early, client.told]).toEqual([0, ['opened']])
  })

  test('may be used in the call that tells it is open', async () => {
    const client = bench().open()
    client.react = (told, link) => {
      if (told === 'opened') link.send('{"first":1}')
    }
    await bench().until(() => bench().ends[0]?.frames.length === 1, 'the frame arrives')
    expect(bench().ends[0]?.frames).toEqual(['{"first":1}'])
  })

  test('opens links that know nothing of each other', async () => {
    const [one, other] = [await openedLink(bench()), await openedLink(bench())]
    one.client.link.send('{"one":1}')
    await written(bench(), other.end, '{"other":1}')
    await bench().until(() => one.end.frames.length === 1 && other.client.frames.length === 1, 'both arrive')
    expect([one.client.frames, other.end.frames]).toEqual([[], []])
    one.client.link.abandon()
    other.client.link.send('{"still":1}')
    await bench().until(() => other.end.frames.length === 1, 'the other one goes on')
  })
}

function failing(pair: PortPair): void {
  const bench = benchOf(pair)

  test('tells its end once if nobody is there, and not that it was open', async () => {
    await bench().stopListening()
    const client = bench().open()
    await bench().until(() => client.ends.length > 0, 'it ends')
    await bench().rest()
    expect([client.early, client.told]).toEqual([0, [{ closed: null }]])
  })

  test('closed while it opens it ends once, and never was open', async () => {
    const client = bench().open()
    client.link.close()
    expect(client.told).toEqual([])
    await bench().until(() => client.ends.length > 0, 'it ends')
    await bench().rest()
    expect(client.told).toEqual([{ closed: null }])
  })

  test('closed while the hub accepts it, it ends once and the hub hears', async ({ skip }) => {
    if (pair.polls) return skip('who never polled breaks off no poll: such a link gets hello_timeout')
    bench().accepting = () => client.link.close()
    const client = bench().open()
    await bench().until(() => client.ends.length > 0 && bench().ends[0]?.isLeft === true, 'both hear')
    await bench().rest()
    expect([client.frames, client.ends]).toEqual([[], [null]])
  })

  test('abandoned while it opens it says nothing any more', async () => {
    const client = bench().open()
    client.link.abandon()
    await bench().rest()
    expect(client.told).toEqual([])
  })

  test('abandoned as soon as it is open it says nothing any more', async () => {
    bench().accepting = (socket) => socket.write([socket.encode('{"early":1}')], () => {})
    const client = bench().open()
    client.react = (_told, link) => link.abandon()
    await bench().until(() => client.isOpen, 'it is open')
    await bench().rest()
    expect(client.told).toEqual(['opened'])
  })
}

function frames(pair: PortPair): void {
  const bench = benchOf(pair)

  test('brings frames of any size and script to the hub, whole and in order', async () => {
    const { client, end } = await openedLink(bench())
    for (const text of framesOfManySizes) client.link.send(text)
    await bench().until(() => end.frames.length >= framesOfManySizes.length, 'all arrive')
    expect(end.frames).toEqual(framesOfManySizes)
  })

  test('brings a thousand frames of one turn to the hub, in order', async () => {
    const { client, end } = await openedLink(bench())
    const texts = Array.from({ length: 1_000 }, (_, index) => `{"index":${index}}`)
    for (const text of texts) client.link.send(text)
    await bench().until(() => end.frames.length >= texts.length, 'all arrive')
    expect(end.frames).toEqual(texts)
  })

  test('counts what was sent and has not left, and nothing at rest', async () => {
    const { client, end } = await openedLink(bench())
    expect(client.link.bufferedBytes).toBe(0)
    const texts: string[] = []
    // Kernels take some megabytes at once.
    while (client.link.bufferedBytes === 0 && texts.length < 200) {
      texts.push(`{"number":${texts.length},"text":"${'x'.repeat(200_000)}"}`)
      client.link.send(texts.at(-1) ?? '')
    }
    expect(client.link.bufferedBytes).toBeGreaterThan(0)
    await bench().until(() => end.frames.length === texts.length, 'all arrive')
    await bench().until(() => client.link.bufferedBytes === 0, 'nothing is counted')
    expect(end.frames).toEqual(texts)
  })

  test('abandoned in the call that brings a frame, it brings no other', async () => {
    const { client, end } = await openedLink(bench())
    client.react = (_told, link) => link.abandon()
    end.socket.write(
      ['{"n":1}', '{"n":2}', '{"n":3}'].map((text) => end.socket.encode(text)),
      () => {},
    )
    await bench().until(() => client.frames.length > 0, 'the first arrives')
    await bench().rest()
    expect([client.frames, client.ends]).toEqual([['{"n":1}'], []])
  })
}

function closing(pair: PortPair): void {
  const bench = benchOf(pair)

  test('closes in order: what was sent arrives first, and the end is told once', async () => {
    const { client, end } = await heldLink(bench())
    client.link.send('{"last":1}')
    client.link.close()
    expect(client.ends).toEqual([])
    await bench().until(() => client.ends.length > 0, 'it ends')
    await bench().until(() => end.isLeft, 'the hub hears')
    await bench().rest()
    expect(client.told).toEqual(['opened', '{"held":1}', { closed: null }])
    expect(end.frames).toEqual(['{"last":1}'])
  })

  test('abandoned it says nothing any more, and the hub hears', async () => {
    const { client, end } = await heldLink(bench())
    client.link.abandon()
    await bench().until(() => end.isLeft, 'the hub hears')
    await bench().rest()
    expect(client.told).toEqual(['opened', '{"held":1}'])
  })

  test('once it is over nothing happens to it, and nothing throws', async () => {
    const { client, end } = await openedLink(bench())
    end.socket.destroy()
    await bench().until(() => client.ends.length > 0, 'it ends')
    const { link } = client
    for (const use of [() => link.send('{}'), () => link.close(), () => link.abandon(), () => link.abandon()])
      expect(use).not.toThrow()
    await bench().rest()
    expect([client.ends.length, client.frames]).toEqual([1, []])
    expect(end.frames).toEqual([])
  })

  test('closed twice it ends once', async () => {
    const { client } = await openedLink(bench())
    client.link.close()
    client.link.close()
    await bench().until(() => client.ends.length > 0, 'it ends')
    await bench().rest()
    expect(client.ends).toEqual([null])
  })

  test('says so if a frame was too large for the hub', async () => {
    const { client, end } = await openedLink(bench())
    client.link.send(`"${'x'.repeat(300_000)}"`)
    await bench().until(() => client.ends.length > 0, 'it ends')
    expect(client.ends).toMatchObject([{ code: 'frame_too_large' }])
    expect(end.frames).toEqual([])
  })
}
