import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { RunEvent } from '../examples/approvals/src/contract/run-event.ts'
import { ProgramOutput } from './program-output.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

export interface ApprovalsSettings {
  /** Default: the program itself, without npm. */
  readonly command?: readonly [string, ...string[]]
  /** From a question to the lead's being asked too. Default ten minutes. */
  readonly escalateMs?: number
  /** From a question to its being given up. Default ten minutes. */
  readonly deadlineMs?: number
}

interface Running {
  readonly program: ChildProcess
  readonly output: ProgramOutput
  /** When the program and the server that it started are gone. */
  readonly gone: Promise<number | null>
  /** How often its server was started. */
  starts: number
}

/** The agent console as its users start it, with a data folder that it keeps over all its lives. */
export class ApprovalsServer implements AsyncDisposable {
  readonly #settings: ApprovalsSettings
  readonly #dataFolder: string
  #running: Running
  #url = ''
  #pid = 0

  private constructor(settings: ApprovalsSettings, dataFolder: string) {
    this.#settings = settings
    this.#dataFolder = dataFolder
    this.#running = this.#spawn('0')
  }

  static async start(settings: ApprovalsSettings = {}): Promise<ApprovalsServer> {
    const server = new ApprovalsServer(settings, await mkdtemp(join(tmpdir(), 'holdfast-approvals-')))
    await server.isThere()
    return server
  }

  get url(): string {
    return this.#url
  }

  get port(): number {
    return Number(new URL(this.#url).port)
  }

  /** Waits until its server is ready, the next one if that was killed. */
  async isThere(): Promise<void> {
    const { output, starts } = this.#running
    const announcement = await output.line((line) => line.includes('http://'), starts)
    const [, url = '', pid] = /(http:\S+) \(process (\d+)/.exec(announcement) ?? []
    this.#running.starts++
    this.#url = url
    this.#pid = Number(pid)
  }

  /** Kills the server as `kill -9` does; another one starts by itself. */
  kill(): void {
    process.kill(this.#pid, 'SIGKILL')
  }

  /** Kills everything as `kill -9` does. */
  async killEverything(): Promise<void> {
    this.#running.program.kill('SIGKILL')
    this.kill()
    await this.#running.gone
  }

  /** As somebody does who starts it once more by hand, on the same port. */
  async startAgain(): Promise<void> {
    this.#running = this.#spawn(String(this.port))
    await this.isThere()
  }

  /** Ends it in order. Resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.#running.program.kill('SIGTERM')
    return await this.#running.gone
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.#dataFolder, { recursive: true, force: true })
  }

  /** What stands on the disk. */
  async journal(): Promise<RunEvent[]> {
    const text = await readFile(join(this.#dataFolder, 'runs.jsonl'), 'utf8')
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
    return lines.filter(Boolean).map((line) => (JSON.parse(line) as { event: RunEvent }).event)
  }

  /** Waits until the journal has an event of this type. */
  async journalHas(type: RunEvent['type']): Promise<void> {
    const types = async (): Promise<string[]> => (await this.journal()).map((event) => event.type)
    await expect.poll(types, { timeout: 30_000 }).toContain(type)
  }

  /** A file of a run's project. */
  projectFile(run: string, path: string): Promise<string> {
    return readFile(join(this.#dataFolder, 'projects', run, path), 'utf8')
  }

  #spawn(port: string): Running {
    const { command, escalateMs = 600_000, deadlineMs = 600_000 } = this.#settings
    const [file, ...fileArguments] = command ?? [process.execPath, 'examples/approvals/dist/start/main.js']
    const program = spawn(file, fileArguments, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        PORT: port,
        DATA_DIR: this.#dataFolder,
        STEP_MS: '20',
        ESCALATE_MS: String(escalateMs),
        DEADLINE_MS: String(deadlineMs),
      },
    })
    // The server shares the program's output, so `close` comes when both are gone.
    const gone = new Promise<number | null>((resolve) => program.once('close', resolve))
    return { program, output: new ProgramOutput(program.stdout), gone, starts: 0 }
  }
}
