import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Question } from './processes.ts'

interface Asker {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

/** A process of the soak that answers questions and can be measured. */
export class MeasuredProcess<Answers> {
  readonly #child: ChildProcess
  readonly #askers = new Map<number, Asker>()
  #lastId = 0

  private constructor(child: ChildProcess, file: string) {
    this.#child = child
    child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
      this.#askers.get(id)?.resolve(answer)
      this.#askers.delete(id)
    })
    child.on('exit', (code, signal) => {
      for (const { reject } of this.#askers.values())
        reject(new Error(`${file} ended with ${code ?? signal}`))
    })
  }

  /** Starts a file of the build; `ready` is the first message that it sends. */
  static async start<Answers, Ready>(
    file: string,
    values: readonly string[],
  ): Promise<{ process: MeasuredProcess<Answers>; ready: Ready }> {
    const path = fileURLToPath(new URL(`../dist/${file}`, import.meta.url))
    const child = fork(path, [...values], { execArgv: ['--expose-gc'] })
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`${file} ended with ${code} before it was ready`)
    })
    const [ready] = (await Promise.race([once(child, 'message'), ended])) as [Ready]
    return { process: new MeasuredProcess<Answers>(child, file), ready }
  }

  ask<Name extends keyof Answers & string>(name: Name, amount = 0): Promise<Answers[Name]> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      this.#askers.set(id, { resolve: resolve as Asker['resolve'], reject })
      const question: Question = { id, name, amount }
      this.#child.send(question)
    })
  }

  stop(): void {
    this.#askers.clear()
    this.#child.kill('SIGKILL')
  }
}
