import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../server/hub-process.js', import.meta.url))
/** How long the server may take to close in order, a blocked event loop included. */
const closeTimeoutMs = 15_000
const restartPauseMs = 1_000
/** Starts in a row that came to nothing before it is given up. */
const maxFailedStarts = 5

/** Keeps one process of the server running, until it is told to stop. */
export class HubProcess {
  readonly #environment: NodeJS.ProcessEnv
  readonly #gaveUp: () => void
  #child: ChildProcess | null = null
  #port: number | null = null
  #wanted = true

  /** @param gaveUp called when the server does not start any more */
  constructor(dataFolder: string, gaveUp: () => void) {
    this.#gaveUp = gaveUp
    // One secret for all of its lives, so that the pages' tokens outlive a restart.
    const secret = randomBytes(32).toString('base64url')
    this.#environment = { ...process.env, DATA_DIR: dataFolder, SIGN_IN_SECRET: secret }
  }

  /** Where it listens on the loopback interface; null while it is not ready. */
  get port(): number | null {
    return this.#port
  }

  /** False once it was told to stop or does not start. */
  get wanted(): boolean {
    return this.#wanted
  }

  /** Resolves when the server is ready, or when it is not wanted any more: it was told to stop, or it does not start. */
  async start(): Promise<void> {
    for (let failures = 0; this.#wanted;) {
      if (await this.#startOnce()) return
      if (++failures < maxFailedStarts) await new Promise((resolve) => setTimeout(resolve, restartPauseMs))
      else this.#giveUp()
    }
  }

  /** `SIGTERM` lets it close in order, `SIGKILL` does not; in both cases another one starts. */
  restart(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#child?.kill(signal)
  }

  block(ms: number): void {
    this.#child?.send({ type: 'block', ms })
  }

  /** Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#wanted = false
    const child = this.#child
    if (!child) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    const impatience = setTimeout(() => child.kill('SIGKILL'), closeTimeoutMs)
    await gone
    clearTimeout(impatience)
  }

  kill(): void {
    this.#wanted = false
    this.#child?.kill('SIGKILL')
  }

  #giveUp(): void {
    console.error(`The server did not start, ${maxFailedStarts} times in a row.`)
    this.#wanted = false
    this.#gaveUp()
  }

  /** Whether it became ready. */
  async #startOnce(): Promise<boolean> {
    const child = fork(script, { env: this.#environment })
    this.#child = child
    const ready = await new Promise<boolean>((resolve) => {
      child.once('message', (message: { readonly port: number }) => {
        this.#port = message.port
        resolve(true)
      })
      child.once('exit', () => {
        this.#port = null
        this.#child = null
        resolve(false)
      })
    })
    if (ready) child.once('exit', () => void this.start())
    return ready
  }
}
