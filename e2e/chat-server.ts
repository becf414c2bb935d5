import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ProgramOutput } from './program-output.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

export interface ChatExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The chat as its users start it, on a free port and with a record of its own. */
export interface ChatServer extends AsyncDisposable {
  readonly url: string
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** What a button of the panel asks the front to do, such as `block?ms=500`. */
  fault(request: string): Promise<void>
  kill(signal: NodeJS.Signals): void
  /** Resolves once the program has printed this line. */
  prints(line: string): Promise<void>
  /** When the front, the server behind it and whatever else it started are gone. */
  readonly gone: Promise<ChatExit>
}

export interface ChatSettings {
  /** Default: the program itself, without npm. */
  readonly command?: readonly [string, ...string[]]
  /** From one token of the assistant to the next. Default 10 ms. */
  readonly tokenMs?: number
  /** The hub's ping interval, and its patience. Default 8,000 ms. */
  readonly heartbeatMs?: number
}

export async function startChat(settings: ChatSettings = {}): Promise<ChatServer> {
  const { command = [process.execPath, 'examples/chat/dist/front/main.js'], tokenMs = 10 } = settings
  const dataFolder = await mkdtemp(join(tmpdir(), 'holdfast-chat-'))
  const [program, ...programArguments] = command
  const child = spawn(program, programArguments, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PORT: '0',
      DATA_DIR: dataFolder,
      TOKEN_MS: String(tokenMs),
      HEARTBEAT_MS: String(settings.heartbeatMs ?? 8_000),
    },
  })
  // The server shares the front's output, so `close` comes when both are gone.
  const gone = new Promise<ChatExit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const output = new ProgramOutput(child.stdout)
  const announcement = await output.line((line) => line.includes('http://'))
  const url = announcement.slice(announcement.indexOf('http://'))
  // By number: trying the addresses of a name has a time limit, which a busy machine may miss.
  const fetchFromChat = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(new URL(path, url.replace('localhost', '127.0.0.1')), init)
  return {
    url,
    gone,
    prints: (line) => output.line((given) => given === line).then(() => {}),
    kill: (signal) => void child.kill(signal),
    fetch: fetchFromChat,
    async fault(request) {
      const { ok, status } = await fetchFromChat(`/faults/${request}`, { method: 'POST' })
      if (!ok) throw new Error(`the fault ${request} was answered with ${status}`)
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await gone
      await rm(dataFolder, { recursive: true, force: true })
    },
  }
}
