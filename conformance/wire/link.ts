import { faultIn } from './frame-shapes.ts'
import { isFrame, type Fields, type Frame } from './frame.ts'

export type TransportName = 'websocket' | 'sse' | 'poll'
export const transports: readonly TransportName[] = ['websocket', 'sse', 'poll']

/** No event tells that a frame will not come. */
const patienceMs = 8_000

interface Waiter {
  readonly type: string
  readonly wanted: (frame: Frame) => boolean
  readonly resolve: (frame: Frame) => void
  readonly reject: (error: Error) => void
  readonly patience: NodeJS.Timeout
}

export interface LinkOptions {
  /** Answers the hub's pings. Default true. */
  readonly answersPings?: boolean
  /** Of the request that opens the link. */
  readonly headers?: Readonly<Record<string, string>>
}

/** One link, on which a test says what it likes. Checks that each frame that comes has the form of chapter 8. */
export abstract class Link {
  /** Every frame that came, in order. */
  readonly frames: Frame[] = []
  /** Resolves when the link is over, whoever ended it; with the close code over WebSocket, else with null. */
  readonly ended: Promise<number | null>
  readonly #answersPings: boolean
  #untaken: Frame[] = []
  readonly #waiters = new Set<Waiter>()
  #unsound: Error | null = null
  /** Why nothing is awaited any more. */
  #reason: Error | null = null
  #tellEnded: (closeCode: number | null) => void = () => {}

  constructor({ answersPings = true }: LinkOptions) {
    this.#answersPings = answersPings
    this.ended = new Promise((resolve) => (this.#tellEnded = resolve))
  }

  /** Sends one text as it is: one WebSocket message, or the body of one request. */
  abstract sendText(text: string): Promise<void>

  /** Cuts the link, without a word to the hub. */
  abstract drop(): Promise<void>

  send(frame: Frame): Promise<void> {
    return this.sendText(JSON.stringify(frame))
  }

  /** Sends frames one after the other, without waiting in between. */
  async sendAll(frames: readonly Frame[]): Promise<void> {
    await Promise.all(frames.map((frame) => this.send(frame)))
  }

  /** The next frame of a type that no test has taken yet, and that has these fields. Frames of other types stay. */
  next(type: string, fields: Fields = {}): Promise<Frame> {
    const wanted = (frame: Frame): boolean =>
      Object.entries(fields).every(([name, value]) => JSON.stringify(frame[name]) === JSON.stringify(value))
    const place = this.#untaken.findIndex((frame) => frame.type === type && wanted(frame))
    const [frame] = place < 0 ? [] : this.#untaken.splice(place, 1)
    if (frame) return Promise.resolve(frame)
    if (this.#reason) return Promise.reject(this.#reason)
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => {
        this.#waiters.delete(waiter)
        reject(this.#missing(type, `within ${patienceMs} ms`))
      }, patienceMs)
      const waiter: Waiter = { type, wanted, resolve, reject, patience }
      this.#waiters.add(waiter)
    })
  }

  /** The goodbye, once the link is over too. */
  async goodbye(): Promise<Frame> {
    const goodbye = await this.next('goodbye')
    await this.ended
    return goodbye
  }

  /** Resolves when the hub has taken everything that was sent before, and what it said to that at once has come. */
  async roundTrip(): Promise<void> {
    const id = 1_000_000 + this.frames.length
    await this.send({ type: 'ping', id })
    await this.next('pong', { id })
  }

  /** The frames of a type that have come so far. */
  all(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type)
  }

  /** Throws if anything came that the protocol does not know, whether a test looked at it or not. */
  assertSound(): void {
    if (this.#unsound) throw this.#unsound
  }

  /** To be called with each text that comes. */
  protected take(text: string): void {
    let frame: unknown
    try {
      frame = JSON.parse(text)
    } catch {
      return this.fail(`no JSON came: ${text}`)
    }
    if (!isFrame(frame)) return this.fail(`no object with a type came: ${text}`)
    this.frames.push(frame)
    const fault = faultIn(frame)
    if (fault !== null) this.fail(`${fault}: ${text}`)
    if (frame.type === 'ping' && this.#answersPings) void this.send({ type: 'pong', id: frame['id'] })
    this.#handOver(frame)
  }

  /** To be called once, when the link is over. */
  protected end(closeCode: number | null): void {
    this.#tellEnded(closeCode)
    this.#giveUp(this.#missing('frame that is awaited', 'before the link ended'))
  }

  /** To be called when something came that the protocol does not know. */
  protected fail(fault: string): void {
    this.#unsound ??= new Error(fault)
    this.#giveUp(this.#unsound)
  }

  /** To whoever waits for it longest. */
  #handOver(frame: Frame): void {
    const waiter = [...this.#waiters].find(({ type, wanted }) => type === frame.type && wanted(frame))
    if (!waiter) return void this.#untaken.push(frame)
    this.#dismiss(waiter)
    waiter.resolve(frame)
  }

  /** Nothing that can be awaited will come. */
  #giveUp(reason: Error): void {
    this.#reason ??= reason
    for (const waiter of this.#waiters) {
      this.#dismiss(waiter)
      waiter.reject(this.#reason)
    }
  }

  #dismiss(waiter: Waiter): void {
    clearTimeout(waiter.patience)
    this.#waiters.delete(waiter)
  }

  #missing(type: string, when: string): Error {
    const last = JSON.stringify(this.frames.at(-1) ?? null)
    return new Error(`no ${type} came ${when}; the last frame was ${last}`)
  }
}
