import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { HoldfastError, rejection } from '../../core/wire/errors.ts'
import type { Engine, TopicLog } from '../../engines/engine.ts'
import { createHub, type Hub } from '../../server/index.ts'
import { handleRequest } from '../real/handle-request.ts'
import { Journal } from '../real/journal.ts'
import type {
  AskCommand,
  CommandFailure,
  HubReply,
  NumberedCommand,
  RecordedHubSettings,
} from '../real/hub-command.ts'
import { recordedEngine } from '../world/recorded-engine.ts'
import type { RequestPayload } from '../world/world.ts'

/** A hub in a process of its own that writes a journal, does what it is told to, and may be killed at any moment. */
async function main(): Promise<void> {
  const settings = JSON.parse(process.argv[2] ?? '') as RecordedHubSettings
  const journal = new Journal(settings.journal)
  journal.write({ did: 'begin' })
  const hub = startHub(settings, journal)
  const server = createServer()
  hub.attach(server)
  const stops = new Map<number, AbortController>()
  process.on('message', ({ number, command }: NumberedCommand) => {
    if (command.do === 'abort') return stops.get(command.command)?.abort()
    const stop = new AbortController()
    stops.set(number, stop)
    void carryOut(hub, server, journal, { number, command }, stop.signal)
      .then(
        (value) => answer({ number, value }),
        (error: unknown) => answer({ number, failure: failureOf(error) }),
      )
      .finally(() => stops.delete(number))
  })
  // Whoever gives the commands is gone.
  process.on('disconnect', () => process.exit())
  await listen(server, settings.port)
  answer({ listening: (server.address() as AddressInfo).port })
}

function startHub({ options }: RecordedHubSettings, journal: Journal): Hub {
  const log = (details: object, message: string): void =>
    journal.write({ did: 'log', message, error: String((details as { error?: unknown }).error) })
  const hub = createHub({
    ...options,
    engine: journaledEngine(journal),
    logger: { warn: log, error: log },
    authenticate: ({ token }) => ({ user: token }),
  })
  hub.on('session', ({ type, session: { id } }) => {
    if (type === 'opened') journal.write({ did: 'open', session: id })
    if (type === 'ended') journal.write({ did: 'end', session: id })
  })
  hub.onRequest<RequestPayload>('request', (payload) =>
    handleRequest(payload, (token) => journal.write({ did: 'execute', token })),
  )
  return hub
}

function journaledEngine(journal: Journal): Engine {
  const logs = new Map<string, TopicLog>()
  return recordedEngine({
    opened: (topic, log) => void logs.set(topic, log),
    accepted(topic, { epoch, offset }, token) {
      const log = logs.get(topic)
      const oldest = log?.epoch === epoch ? log.oldest : null
      journal.write({ did: 'accept', token, topic, epoch, offset, oldest })
    },
    concluded: (id, conclusion, again) => journal.write({ did: 'conclude', id, conclusion, again }),
  })
}

async function carryOut(
  hub: Hub,
  server: Server,
  journal: Journal,
  { number, command }: NumberedCommand,
  signal: AbortSignal,
): Promise<unknown> {
  switch (command.do) {
    case 'publish':
      return await hub.publish(command.topic, command.token, { key: command.token })
    case 'request': {
      const { session, payload, timeoutMs } = command
      return await hub.request({ session }, 'request', payload, { timeoutMs, signal })
    }
    case 'ask': {
      const asked = ask(hub, command, signal)
      journal.write({ did: 'ask', command: number, id: asked.id })
      return await asked
    }
    case 'escalate': {
      const found = hub.asks().find(({ payload }) => payload === command.token)
      return found && (await hub.escalate(found.id, { user: command.user }))
    }
    case 'disconnect':
      return hub.disconnect(command.session, { retry: command.retry })
    case 'asks':
      return hub.asks()
    case 'stats':
      return hub.stats()
    case 'close':
      return await close(hub, server)
    case 'abort':
  }
  return null
}

function ask(hub: Hub, { token, users, deadlineMs, judgedMs, ...command }: AskCommand, signal: AbortSignal) {
  let { rejections } = command
  return hub.ask<string>({ users }, 'question', token, {
    key: token,
    signal,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    validate: async () => {
      if (judgedMs > 0) await pause(judgedMs)
      if (rejections-- > 0) throw rejection('think_again')
      return true
    },
  })
}

async function close(hub: Hub, server: Server): Promise<void> {
  await hub.close({ drainMs: 1_000 })
  server.close()
  // Whoever asked for an upgrade since is answered by nobody: this server has no other listener.
  server.closeAllConnections()
  process.removeAllListeners('disconnect')
  // After the answer.
  setImmediate(() => process.disconnect())
}

/** The port of a process that was killed may be taken for a moment. */
async function listen(server: Server, port: number): Promise<void> {
  for (;;) {
    try {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      await pause(50)
    }
  }
}

function answer(reply: HubReply): void {
  process.send?.(reply)
}

function failureOf(error: unknown): CommandFailure {
  if (error instanceof HoldfastError) {
    const { code, message, outcome } = error
    return { code, message, outcome }
  }
  return { code: null, message: String(error) }
}

void main()
