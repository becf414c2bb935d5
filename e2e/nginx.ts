import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why the tests behind nginx cannot run here, for `test.skipIf`; undefined where they can. */
export const nginxMissing: string | undefined = process.env['NGINX_PATH']
  ? undefined
  : (process.env['NGINX_TESTS_SKIPPED'] ?? 'no nginx: NGINX_PATH is not set')

/** What stands beside `proxy_pass` in the hub's location. Each passes `Host`, by which the hub knows its own origin. */
export const locations = {
  /** What docs/proxies.md recommends. */
  recommended: `
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;`,
  /** No WebSocket passes. Responses are buffered unless they ask not to be. */
  withoutUpgrade: `
    proxy_set_header Host $http_host;`,
  /** No WebSocket passes, and no response does before it has ended. */
  buffering: `
    proxy_set_header Host $http_host;
    proxy_ignore_headers X-Accel-Buffering;
    proxy_buffering on;
    proxy_buffer_size 64k;
    proxy_buffers 16 64k;
    proxy_busy_buffers_size 128k;`,
} as const

/** Directives of an nginx location. */
export type Location = string

/** A real nginx on a free port of the loopback, before a server. Its files are deleted when it is disposed of. */
export class Nginx implements AsyncDisposable {
  readonly port: number
  /** Where its configuration and its temporary files are. */
  readonly folder: string
  readonly #targetPort: number
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>
  #log = ''
  #logged: (() => void)[] = []

  private constructor(port: number, targetPort: number, folder: string) {
    this.port = port
    this.#targetPort = targetPort
    this.folder = folder
    const program = process.env['NGINX_PATH']
    if (!program) throw new Error(nginxMissing)
    const programArguments = ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr']
    this.#process = spawn(program, programArguments, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    // The workers share its output, so `close` comes when the last of them is gone.
    this.#exited = once(this.#process, 'close').finally(() => this.#hear(''))
    process.once('exit', this.#abandon)
  }

  static async before(targetPort: number, location: Location): Promise<Nginx> {
    for (let attempt = 1; ; attempt++) {
      const folder = await mkdtemp(join(tmpdir(), 'holdfast-nginx-'))
      // Started by root, the workers are somebody else, and have to get at their folders in here.
      await chmod(folder, 0o711)
      const port = await freePort()
      await writeConfiguration(folder, port, targetPort, location)
      const nginx = new Nginx(port, targetPort, folder)
      try {
        await nginx.#logs(/start worker process \d/)
        return nginx
      } catch (cause) {
        await nginx[Symbol.asyncDispose]()
        // Somebody else may have taken the port meanwhile.
        if (attempt === 5 || !nginx.errorLog.includes('Address already in use')) throw cause
      }
    }
  }

  get processId(): number | undefined {
    return this.#process.pid
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** What it said since it was started, from level `notice`. */
  get errorLog(): string {
    return this.#log
  }

  /** Reloads the configuration: from now on new connections are treated so; those that are open stay as they are. */
  async switchTo(location: Location): Promise<void> {
    const before = this.#log.length
    await writeConfiguration(this.folder, this.port, this.#targetPort, location)
    this.#process.kill('SIGHUP')
    await this.#logs(/gracefully shutting down/, before)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGTERM')
    await this.#exited
    process.off('exit', this.#abandon)
    await rm(this.folder, { recursive: true, force: true })
  }

  /** A test that hangs disposes of nothing. */
  readonly #abandon = (): void => {
    this.#process.kill('SIGTERM')
    rmSync(this.folder, { recursive: true, force: true })
  }

  #hear(text: string): void {
    this.#log += text
    for (const resolve of this.#logged.splice(0)) resolve()
  }

  async #logs(pattern: RegExp, from = 0): Promise<void> {
    while (!pattern.test(this.#log.slice(from))) {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        throw new Error(`nginx ended:\n${this.#log}`)
      }
      if (/\[(emerg|alert)\]/.test(this.#log.slice(from)))
        throw new Error(`nginx is in trouble:\n${this.#log}`)
      await new Promise<void>((resolve) => this.#logged.push(resolve))
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function writeConfiguration(
  folder: string,
  port: number,
  targetPort: number,
  location: Location,
): Promise<void> {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const configuration = `
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${name};`).join('\n  ')}
  map $http_upgrade $connection_upgrade {
    default upgrade;
    '' close;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${targetPort};
      ${location.trim()}
    }
  }
}
`
  await writeFile(join(folder, 'nginx.conf'), configuration)
}
