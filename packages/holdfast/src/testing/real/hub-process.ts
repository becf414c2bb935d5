import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { HoldfastError } from '../../core/wire/errors.ts'
import type {
  CommandFailure,
  HubCommand,
  HubReply,
  NumberedCommand,
  RecordedHubSettings,
} from './hub-command.ts'

/** A command that a hub's process carries out; its result never comes if that is killed. */
export interface GivenCommand<Value> {
  /** By which the journal names it, and by which it is aborted. */
  readonly number: number
  readonly result: Promise<Value>
}

interface Waiting {
  // The value is what the command's caller says it is.
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/** A recorded hub in a process of its own, to be killed, paused and commanded. */
export class HubProcess {
  readonly port: number
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #waiting = new Map<number, Waiting>()
  readonly #dieWithThisProcess = (): void => void this.#child.kill('SIGKILL')
  #commands = 0
  #state: 'running' | 'paused' | 'gone' = 'running'

  private constructor(child: ChildProcess, exited: Promise<unknown>, port: number) {
    this.#child = child
    this.#exited = exited
    this.port = port
    child.on('message', (reply: HubReply) => this.#answered(reply))
    process.on('exit', this.#dieWithThisProcess)
    void exited.then(() => process.off('exit', this.#dieWithThisProcess))
  }

  /** @param file the built program */
  static async start(file: string, settings: RecordedHubSettings): Promise<HubProcess> {
    const child = fork(file, [JSON.stringify(settings)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [],
    })
    const exited = once(child, 'exit')
    const first = await Promise.race([once(child, 'message'), exited.then(() => null)])
    const reply = first?.[0] as HubReply | undefined
    if (!reply || !('listening' in reply)) throw new Error('the hub did not start')
    return new HubProcess(child, exited, reply.listening)
  }

  /** Resolves when the process is gone, whatever ended it. */
  get exited(): Promise<unknown> {
    return this.#exited
  }

  get state(): 'running' | 'paused' | 'gone' {
    return this.#state
  }

  give<Value>(command: HubCommand): GivenCommand<Value> {
    const number = ++this.#commands
    const result = new Promise<Value>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject })
    })
    const numbered: NumberedCommand = { number, command }
    if (this.#child.connected) this.#child.send(numbered)
    return { number, result }
  }

  /** Gives a command whose result nobody needs. */
  tell(command: HubCommand): void {
    this.give(command).result.catch(() => {})
  }

  /** Its process stops, for as long as nobody resumes it. */
  pause(): void {
    if (this.#state !== 'running') return
    this.#state = 'paused'
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    this.#child.kill('SIGCONT')
  }

  /** Resolves when the process is gone; from now on nothing that it says is heard. */
  async kill(): Promise<void> {
    this.#state = 'gone'
    this.#waiting.clear()
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Has it close itself in order; resolves with its exit code, or the signal that ended it. */
  async close(): Promise<unknown> {
    await this.give({ do: 'close' }).result
    const [code, signal] = (await this.#exited) as [number | null, string | null]
    this.#state = 'gone'
    return code ?? signal
  }

  #answered(reply: HubReply): void {
    if (!('number' in reply)) return
    const waiting = this.#waiting.get(reply.number)
    this.#waiting.delete(reply.number)
    if ('failure' in reply) waiting?.reject(errorOf(reply.failure))
    else waiting?.resolve(reply.value as never)
  }
}

function errorOf({ code, message, outcome }: CommandFailure): Error {
  return code ? new HoldfastError(code, message, outcome && { outcome }) : new Error(message)
}
