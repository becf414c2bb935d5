import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { type Duplex, PassThrough, Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Owner } from '../owner.ts'
import { SeededRandom } from '../seeded-random.ts'
import { until } from '../until.ts'
import { upgradeByHand } from '../upgrade-by-hand.ts'
import { Faults, type Fault, type FaultRule } from './fault.ts'
import { FaultProxy } from './fault-proxy.ts'
import { Lane } from './lane.ts'

const owner = new Owner()
let proxy: FaultProxy
/** What reached the server: a path, or the bytes after an upgrade. */
let arrived: string[] = []
/** The server's ends of the upgraded connections. */
let served: Duplex[] = []

beforeEach(async () => {
  arrived = []
  served = []
  const server = createServer((request, response) => {
    arrived.push(request.url ?? '')
    request.pipe(response)
  })
  server.on('upgrade', ({ url }, socket) => {
    arrived.push(url ?? '')
    served.push(socket)
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\nhello ')
    socket.on('data', (bytes: Buffer) => {
      arrived.push(bytes.toString())
      socket.write(bytes)
    })
    socket.on('end', () => socket.end())
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owner.own({ close: () => Promise.resolve(server.close()) })
  proxy = owner.own(await FaultProxy.before((server.address() as AddressInfo).port))
})
afterEach(() => owner.closeAll())

class Caller {
  readonly socket: Socket
  text = ''
  pieces = 0
  ended = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('end', () => {
      this.ended = true
      socket.end()
    })
    // A reset comes without an end.
    socket.on('close', () => {
      this.ended = true
    })
    socket.on('data', (bytes: Buffer) => {
      this.pieces++
      this.text += bytes.toString('latin1')
    })
    owner.own({ close: () => Promise.resolve(socket.destroy()) })
  }

  async hears(part: string): Promise<void> {
    await until(() => this.text.includes(part), `“${part}” comes`)
  }

  async isEnded(): Promise<void> {
    await until(() => this.ended, 'the connection ends')
  }
}

const upgrade = (): Caller => new Caller(upgradeByHand(proxy.port, '/link', null))

async function upgraded(): Promise<Caller> {
  const caller = upgrade()
  await caller.hears('hello ')
  return caller
}

/** A request on a connection of its own, its body echoed. */
async function echoOf(body: string): Promise<string> {
  const call = request({ port: proxy.port, method: 'POST', path: '/echo', agent: false })
  call.end(body)
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return text
}

const onWebSockets = (fault: Fault): FaultRule => ({ of: 'websocket', fault })
const digits = (length: number): string => Array.from({ length }, (_, index) => index % 10).join('')

describe('without rules', () => {
  it('passes requests, upgrades and each side’s end, and keeps nothing of what is over', async () => {
    expect(await echoOf('as it is')).toBe('as it is')
    const caller = await upgraded()
    expect(proxy.lineCount).toBe(1)
    caller.socket.end('and the last')
    await caller.hears('and the last')
    await caller.isEnded()
    await until(() => proxy.lineCount === 0, 'no connection is left')
  })

  it('passes the first byte before the rest of a request has come', async () => {
    const caller = new Caller(connect(proxy.port, '127.0.0.1'))
    caller.socket.write('nonsense\r\n\r\n')
    await caller.hears('400 Bad Request')
  })
})

describe('refuse', () => {
  it.each([400, 403])('answers an upgrade with %d, and the server does not hear of it', async (status) => {
    proxy.rules = [onWebSockets({ type: 'refuse', status })]
    const caller = upgrade()
    await caller.hears(`HTTP/1.1 ${status} `)
    await caller.isEnded()
    expect(await echoOf('this passes')).toBe('this passes')
    expect(arrived).toEqual(['/echo'])
  })

  it('closes without an answer', async () => {
    proxy.rules = [onWebSockets({ type: 'refuse', status: 'none' })]
    const caller = upgrade()
    await caller.isEnded()
    expect([caller.text, arrived]).toEqual(['', []])
  })

  it('concerns connections from then on; without the rule all is well again', async () => {
    const early = await upgraded()
    proxy.rules = [{ fault: { type: 'refuse', status: 'none' } }]
    await expect(echoOf('refused')).rejects.toThrow('socket hang up')
    early.socket.write('still there')
    await early.hears('still there')
    proxy.rules = []
    expect(await echoOf('passes')).toBe('passes')
  })
})

describe('swallow', () => {
  it('lets the upgrade pass and carries nothing, not even an end', async () => {
    proxy.rules = [onWebSockets({ type: 'swallow' })]
    const caller = upgrade()
    await caller.hears('101 Switching Protocols\r\n\r\n')
    caller.socket.write('anybody there?')
    expect(await echoOf('this passes')).toBe('this passes')
    caller.socket.end()
    await pause(50)
    expect(caller.text).toBe('HTTP/1.1 101 Switching Protocols\r\n\r\n')
    expect([arrived, caller.ended, proxy.lineCount]).toEqual([['/link', '/echo'], false, 1])
  })
})

describe('freeze', () => {
  it('accepts the connection and gives no answer', async () => {
    proxy.rules = [onWebSockets({ type: 'freeze' })]
    const caller = upgrade()
    expect(await echoOf('this passes')).toBe('this passes')
    await pause(50)
    expect([caller.text, caller.ended, arrived]).toEqual(['', false, ['/echo']])
  })
})

describe('cut', () => {
  it('closes what it concerns after that time, and nothing else', async () => {
    proxy.rules = [
      onWebSockets({ type: 'cut', afterMs: 100 }),
      { of: 'http', fault: { type: 'delay', leastMs: 100, mostMs: 100 } },
    ]
    const started = performance.now()
    const [caller, echo] = [await upgraded(), echoOf('slow')]
    await caller.isEnded()
    expect(performance.now() - started).toBeGreaterThanOrEqual(99)
    expect(await echo).toBe('slow')
  })
})

describe('delay, slice and throttle', () => {
  it('change neither the bytes nor their order, alone or together', async () => {
    const text = digits(20_000)
    const faults: Fault[] = [
      { type: 'delay', leastMs: 1, mostMs: 30 },
      { type: 'slice', leastBytes: 1, mostBytes: 700 },
      { type: 'throttle', bytesPerSecond: 200_000 },
    ]
    for (const fault of faults) {
      proxy.rules = [{ fault }]
      expect(await echoOf(text)).toBe(text)
    }
    proxy.rules = faults.map((fault) => ({ fault }))
    expect(await echoOf(text)).toBe(text)
  })

  it('a delay is that long each way', async () => {
    proxy.rules = [{ fault: { type: 'delay', leastMs: 50, mostMs: 60 } }]
    const started = performance.now()
    await echoOf('there and back')
    expect(performance.now() - started).toBeGreaterThanOrEqual(99)
  })

  it('a throttle passes no more than its bytes a second', async () => {
    proxy.rules = [{ fault: { type: 'throttle', bytesPerSecond: 50_000 } }]
    const started = performance.now()
    await echoOf(digits(10_000))
    // Both directions at once.
    expect(performance.now() - started).toBeGreaterThanOrEqual(190)
  })

  it('slices of one byte arrive one by one', async () => {
    proxy.rules = [{ fault: { type: 'slice', leastBytes: 1, mostBytes: 1 } }]
    const caller = await upgraded()
    caller.socket.write(digits(100))
    await caller.hears(digits(100))
    // The kernel may hand over several at once.
    expect(caller.pieces).toBeGreaterThan(50)
  })

  it('closing loses what is on its way, and waits for nothing', async () => {
    proxy.rules = [{ fault: { type: 'delay', leastMs: 60_000, mostMs: 60_000 } }]
    const caller = upgrade()
    await until(() => proxy.lineCount === 1, 'the connection is there')
    await proxy.close()
    await caller.isEnded()
    expect(proxy.lineCount).toBe(0)
  })
})

describe('a disturbance of open connections', () => {
  it('half-open: what the client sends vanishes, its end and its reset too, but it still hears', async () => {
    const caller = await upgraded()
    expect(proxy.disturb({ type: 'freeze', directions: ['up'] })).toBe(1)
    caller.socket.write('anybody there?')
    served[0]?.write('news')
    await caller.hears('news')
    caller.socket.resetAndDestroy()
    // Whatever comes this way has passed the proxy after what vanished.
    expect(await echoOf('this passes')).toBe('this passes')
    expect([arrived, served[0]?.destroyed]).toEqual([['/link', '/echo'], false])
    served[0]?.destroy()
    await until(() => proxy.lineCount === 0, 'no connection is left')
  })

  it('half-open the other way: the hub hears, and whatever it says vanishes', async () => {
    const caller = await upgraded()
    proxy.disturb({ type: 'freeze', directions: ['down'] })
    caller.socket.write('anybody there?')
    await until(() => arrived.includes('anybody there?'), 'it arrives')
    served[0]?.destroy()
    expect(await echoOf('this passes')).toBe('this passes')
    expect([caller.text.endsWith('hello '), caller.ended]).toEqual([true, false])
    caller.socket.end()
    await until(() => proxy.lineCount === 0, 'no connection is left')
  })

  it('a stall keeps everything back for so long, the end too, and loses nothing', async () => {
    const caller = await upgraded()
    proxy.disturb({ type: 'stall', directions: ['up'], ms: 150 })
    const started = performance.now()
    caller.socket.write('late ')
    caller.socket.end('and the last')
    await caller.isEnded()
    expect(performance.now() - started).toBeGreaterThanOrEqual(149)
    expect(caller.text.endsWith('hello late and the last')).toBe(true)
  })

  it('a stall of one direction leaves the other alone', async () => {
    const caller = await upgraded()
    proxy.disturb({ type: 'stall', directions: ['up'], ms: 60_000 })
    served[0]?.write('news')
    await caller.hears('news')
  })

  it('a reset of one connection leaves the others alone', async () => {
    const callers = [await upgraded(), await upgraded(), await upgraded()]
    expect(proxy.disturb({ type: 'reset' }, 'one')).toBe(1)
    await until(() => callers.some(({ ended }) => ended), 'one ends')
    const [hit, ...spared] = callers.sort((one, other) => Number(other.ended) - Number(one.ended))
    for (const caller of spared) {
      caller.socket.write('still there')
      await caller.hears('still there')
    }
    expect(hit?.socket.destroyed).toBe(true)
  })

  it('concerns nobody where nobody is', () => {
    expect(proxy.disturb({ type: 'cut' }, 'one')).toBe(0)
  })
})

describe('the seed', () => {
  async function piecesOf(seed: number, chunks: readonly number[]): Promise<string[]> {
    const pieces: string[] = []
    const to = new Writable({
      write(bytes: Buffer, _encoding, done) {
        pieces.push(bytes.toString())
        done()
      },
    })
    const faults = new Faults([{ fault: { type: 'slice', leastBytes: 1, mostBytes: 9 } }], 'http')
    const { signal } = new AbortController()
    const lane = new Lane(new PassThrough(), to, faults, new SeededRandom(seed), signal)
    const text = digits(chunks.reduce((sum, length) => sum + length, 0))
    let start = 0
    for (const length of chunks) lane.push(Buffer.from(text.slice(start, (start += length))))
    lane.end()
    await once(to, 'finish')
    expect(pieces.join('')).toBe(text)
    return pieces
  }
  const placesOf = (pieces: readonly string[]): number[] => {
    let place = 0
    return pieces.map(({ length }) => (place += length))
  }

  it('says where the stream is cut', async () => {
    const pieces = await piecesOf(7, [300])
    expect(await piecesOf(7, [300])).toEqual(pieces)
    expect(await piecesOf(8, [300])).not.toEqual(pieces)
    expect(new Set(pieces.map(({ length }) => length)).size).toBeGreaterThan(5)
  })

  it('whatever arrives together', async () => {
    const places = placesOf(await piecesOf(7, [300]))
    expect(placesOf(await piecesOf(7, [1, 99, 200]))).toEqual(expect.arrayContaining(places))
  })
})
