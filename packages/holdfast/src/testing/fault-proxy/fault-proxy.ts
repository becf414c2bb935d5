import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { SeededRandom } from '../seeded-random.ts'
import type { FaultRule } from './fault.ts'
import { Line } from './line.ts'

/** An intermediary between client and hub on the loopback that can be told to misbehave. The same seed misbehaves alike. */
export class FaultProxy implements AsyncDisposable {
  /** For connections that are made from now on; those that are open keep theirs. */
  rules: readonly FaultRule[] = []
  readonly #server: Server
  readonly #targetPort: number
  readonly #random: SeededRandom
  readonly #lines = new Set<Line>()
  #frozen = false

  private constructor(targetPort: number, seed: number) {
    this.#targetPort = targetPort
    this.#random = new SeededRandom(seed)
    // Half-open is allowed: each side's end is passed on, and a frozen line passes on nothing.
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#accept(near))
  }

  /**
   * Listens on a free port of 127.0.0.1 and passes connections on to another one there.
   * @param targetPort where the server listens
   * @param seed of the delays and sizes that faults leave to chance. Default 1
   */
  static async before(targetPort: number, seed = 1): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort, seed)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** Where clients connect to. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections that are open on at least one side. */
  get lineCount(): number {
    return this.#lines.size
  }

  /** Closes every connection on both sides. */
  cut(): void {
    for (const line of this.#lines) line.cut()
  }

  /** Resets every connection on both sides. */
  reset(): void {
    for (const line of this.#lines) line.reset()
  }

  /** From now on whatever is sent vanishes, ends and resets too; new connections are accepted and get no answer. */
  freeze(): void {
    this.#frozen = true
    for (const line of this.#lines) line.freeze()
  }

  /** New connections work again; those that were frozen stay so. */
  thaw(): void {
    this.#frozen = false
  }

  /** Stops listening, and closes every connection; resolves when the port is free. */
  async close(): Promise<void> {
    this.#server.close()
    this.cut()
    await once(this.#server, 'close')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #accept(near: Socket): void {
    const line = new Line(near, {
      targetPort: this.#targetPort,
      rules: this.rules,
      random: this.#random.fork(),
      over: () => this.#lines.delete(line),
    })
    this.#lines.add(line)
    if (this.#frozen) line.freeze()
  }
}
