import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** How long the server may take to close in order, a blocked event loop included. */
const closeTimeoutMs = 15_000
const restartPauseMs = 1_000
/** Starts in a row that came to nothing before it is given up. */
const maxFailedStarts = 5

/** What the server's process sends when it is ready. */
export interface Ready {
  /** Where it listens. */
  readonly port: number
}

export interface SupervisedProcessOptions {
  /** Its environment; called at every start. */
  readonly environment: () => NodeJS.ProcessEnv
  /** Called at every start, when it is ready. */
  readonly started?: (ready: Ready & { readonly pid: number | undefined }) => void
  /** Called when it does not start any more. */
  readonly gaveUp: () => void
}

/** Keeps one process of a server running, until it is told to stop. */
export class SupervisedProcess {
  readonly #script: string
  readonly #options: SupervisedProcessOptions
  #child: ChildProcess | null = null
  #port: number | null = null
  #wanted = true

  constructor(script: URL, options: SupervisedProcessOptions) {
    this.#script = fileURLToPath(script)
    this.#options = options
  }

  /** Where it listens; null while it is not ready. */
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

  send(message: object): void {
    this.#child?.send(message)
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
    this.#options.gaveUp()
  }

  /** Whether it became ready. */
  async #startOnce(): Promise<boolean> {
    const child = fork(this.#script, { env: this.#options.environment() })
    this.#child = child
    const ready = await new Promise<Ready | null>((resolve) => {
      child.once('message', (message: Ready) => resolve(message))
      child.once('exit', () => {
        this.#port = null
        this.#child = null
        resolve(null)
      })
    })
    if (!ready) return false
    this.#port = ready.port
    child.once('exit', () => void this.start())
    this.#options.started?.({ ...ready, pid: child.pid })
    return true
  }
}
