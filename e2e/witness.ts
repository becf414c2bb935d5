import { connect, type Client, type ConnectOptions, type TransportChange } from 'holdfast/client'

export const topic = 'news'

export interface WitnessedChange {
  readonly from: string | null
  readonly to: string
  readonly reason: TransportChange['reason']
  /** The code of the failure before it. */
  readonly failure: string | null
  readonly atMs: number
}

/** What a client saw, in a form that leaves a page. Times count from its beginning. */
export interface Testimony {
  readonly state: string
  readonly transport: string | null
  /** When it was live for the first time. */
  readonly liveAtMs: number | null
  readonly states: readonly string[]
  readonly changes: readonly WitnessedChange[]
  readonly received: number
  readonly lastOffset: number
  /** Messages that were not the next one, gaps and ends of the subscription, in words. */
  readonly irregularities: readonly string[]
  /** What it published itself. */
  readonly published: number
  readonly acknowledged: number
  /** Codes of publishes that were not. */
  readonly failed: readonly string[]
}

/** A client with the default transports that reads a topic from its start, and writes down what happens to it. */
export class Witness {
  readonly client: Client
  readonly #beganAt: number
  readonly #states: string[] = []
  readonly #changes: WitnessedChange[] = []
  readonly #irregularities: string[] = []
  readonly #failed: string[] = []
  #liveAtMs: number | null = null
  #received = 0
  #lastOffset = 0
  #published = 0
  #acknowledged = 0
  #timer: ReturnType<typeof setInterval> | undefined

  /** `beganAt` is what `performance.now()` said at the beginning. */
  constructor(url: string, beganAt: number, options: ConnectOptions = {}) {
    this.#beganAt = beganAt
    this.client = connect(url, options)
    this.client.on('state', ({ to }) => {
      this.#states.push(to)
      if (to === 'live') this.#liveAtMs ??= this.#elapsedMs()
    })
    this.client.on('transport', ({ from, to, reason, failure }) => {
      this.#changes.push({ from, to, reason, failure: failure?.code ?? null, atMs: this.#elapsedMs() })
    })
    this.#subscribe()
  }

  read(): Testimony {
    return {
      state: this.client.state,
      transport: this.client.transport,
      liveAtMs: this.#liveAtMs,
      states: [...this.#states],
      changes: [...this.#changes],
      received: this.#received,
      lastOffset: this.#lastOffset,
      irregularities: [...this.#irregularities],
      published: this.#published,
      acknowledged: this.#acknowledged,
      failed: [...this.#failed],
    }
  }

  publish(): void {
    this.#published++
    this.client.publish(topic, { number: this.#published }).then(
      () => this.#acknowledged++,
      (error: { code: string }) => this.#failed.push(error.code),
    )
  }

  publishEvery(intervalMs: number): void {
    this.#timer = setInterval(() => this.publish(), intervalMs)
  }

  stopPublishing(): void {
    clearInterval(this.#timer)
  }

  async close(): Promise<void> {
    this.stopPublishing()
    await this.client.close()
  }

  #subscribe(): void {
    const subscription = this.client.subscribe(
      topic,
      { from: 'start' },
      {
        message: ({ offset }) => {
          this.#received++
          if (offset !== this.#lastOffset + 1) this.#notice(`${offset} after ${this.#lastOffset}`)
          this.#lastOffset = offset
        },
        gap: ({ reason, next, lost }) => {
          this.#notice(`gap: ${reason}, ${lost} lost`)
          this.#lastOffset = next.offset - 1
        },
        error: ({ code }) => this.#notice(`end: ${code}`),
      },
    )
    subscription.ready.catch(() => {})
  }

  #notice(irregularity: string): void {
    this.#irregularities.push(irregularity)
  }

  #elapsedMs(): number {
    return Math.round(performance.now() - this.#beganAt)
  }
}
