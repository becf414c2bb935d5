import type { Page } from 'playwright-core'
import type { Chromium } from './chromium.ts'
import { eventually } from './eventually.ts'
import { Witness, type Testimony } from './witness.ts'

/** A witness, wherever it runs. */
export abstract class Observer implements AsyncDisposable {
  abstract read(): Promise<Testimony>
  /** Publishes a message again and again. */
  abstract publishEvery(intervalMs: number): Promise<void>
  abstract publish(): Promise<void>
  abstract stopPublishing(): Promise<void>
  abstract [Symbol.asyncDispose](): Promise<void>

  /** Waits until it is live over anything. Returns when that was first so, in ms from its beginning. */
  async isLive(withinMs: number): Promise<number> {
    await eventually('live', withinMs, async () => (await this.read()).state, 'live')
    return (await this.read()).liveAtMs ?? NaN
  }

  /** Waits until it has got so many messages. */
  receives(count: number): Promise<void> {
    return eventually(`${count} messages`, 15_000, async () => (await this.read()).received, count)
  }

  /** Waits until it is live over this transport. Returns when that was first so, in ms from its beginning. */
  async isLiveOver(transport: string, withinMs: number): Promise<number> {
    const isSo = async (): Promise<boolean> => {
      const testimony = await this.read()
      return testimony.state === 'live' && testimony.transport === transport
    }
    await eventually(`live over ${transport}`, withinMs, isSo, true).catch(async (cause: unknown) => {
      throw new Error(JSON.stringify(await this.read()), { cause })
    })
    const { changes } = await this.read()
    return changes.find(({ to }) => to === transport)?.atMs ?? NaN
  }

  /** Waits until its publishes have succeeded and it has the messages up to this offset; each came once and in order. */
  async hasEverythingUpTo(head: number): Promise<void> {
    const summary = async (): Promise<object> => {
      const { acknowledged, lastOffset, received, irregularities, failed } = await this.read()
      return { acknowledged, lastOffset, received, irregularities, failed }
    }
    const { published } = await this.read()
    await eventually('it has everything', 15_000, summary, {
      acknowledged: published,
      lastOffset: head,
      received: head,
      irregularities: [],
      failed: [],
    })
  }
}

export class NodeObserver extends Observer {
  readonly #witness: Witness

  constructor(origin: string) {
    super()
    this.#witness = new Witness(`${origin}/holdfast`, performance.now())
  }

  override read(): Promise<Testimony> {
    return Promise.resolve(this.#witness.read())
  }

  override async publish(): Promise<void> {
    this.#witness.publish()
  }

  override async publishEvery(intervalMs: number): Promise<void> {
    this.#witness.publishEvery(intervalMs)
  }

  override async stopPublishing(): Promise<void> {
    this.#witness.stopPublishing()
  }

  override [Symbol.asyncDispose](): Promise<void> {
    return this.#witness.close()
  }
}

/** A tab of the browser with the page of a site. */
export class Tab extends Observer {
  readonly #page: Page

  private constructor(page: Page) {
    super()
    this.#page = page
  }

  static async open({ context }: Chromium, origin: string): Promise<Tab> {
    const page = await context.newPage()
    await page.goto(origin)
    return new Tab(page)
  }

  override read(): Promise<Testimony> {
    return this.#page.evaluate(() => globalThis.witness.read())
  }

  override publish(): Promise<void> {
    return this.#page.evaluate(() => globalThis.witness.publish())
  }

  override publishEvery(intervalMs: number): Promise<void> {
    return this.#page.evaluate((intervalMs) => globalThis.witness.publishEvery(intervalMs), intervalMs)
  }

  override stopPublishing(): Promise<void> {
    return this.#page.evaluate(() => globalThis.witness.stopPublishing())
  }

  override [Symbol.asyncDispose](): Promise<void> {
    return this.#page.close()
  }
}
