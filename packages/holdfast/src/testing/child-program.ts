import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { buildProgram } from './build-program.ts'

/** A program of the folder `programs` in a process of its own; it tells and is told things by messages. */
export class ChildProgram {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #exited: Promise<number | string>
  readonly #messages: unknown[] = []
  #arrived: (() => void)[] = []
  #output = ''

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child
    this.#folder = folder
    child.stdout?.on('data', (text: Buffer) => (this.#output += text.toString()))
    child.stderr?.on('data', (text: Buffer) => (this.#output += text.toString()))
    child.on('message', (message) => {
      this.#messages.push(message)
      this.#wake()
    })
    this.#exited = once(child, 'exit').then(([code, signal]: unknown[]) => {
      this.#wake()
      return (code ?? signal) as number | string
    })
  }

  /** Runs the sources as they are now, not the build. */
  static async run(name: string, ...values: string[]): Promise<ChildProgram> {
    const { file, folder } = await buildProgram(name)
    return new ChildProgram(fork(file, values, { silent: true, execArgv: [] }), folder)
  }

  /** What the program wrote. */
  get output(): string {
    return this.#output
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The next message of the program. */
  async next<Message>(): Promise<Message> {
    while (this.#messages.length === 0) {
      if (!this.running) throw new Error(`the program ended: ${this.#output}`)
      await new Promise<void>((resolve) => this.#arrived.push(resolve))
    }
    return this.#messages.shift() as Message
  }

  tell(message: string): void {
    this.#child.send(message)
  }

  /** Resolves with the exit code, or the signal that ended it. */
  exit(): Promise<number | string> {
    return this.#exited
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
    await rm(this.#folder, { recursive: true, force: true })
  }

  #wake(): void {
    for (const resolve of this.#arrived.splice(0)) resolve()
  }
}
