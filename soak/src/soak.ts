import { MeasuredProcess } from './measured-process.ts'
import type { Churned, LoadAnswers, Ports, ServerAnswers } from './processes.ts'
import type { Sample } from './verdict.ts'

export interface SoakOptions {
  /** How long it goes on in all, in milliseconds. */
  readonly forMs: number
  /** How long the load comes before it pauses for a sample, in milliseconds. */
  readonly roundMs: number
  /** So many rounds at least, however long they take. Default 1. */
  readonly leastRounds?: number
  /** Leaks to plant in the server, see `plantLeaks`. */
  readonly leaks?: string
  /** Told of each sample. */
  readonly sampled?: (sample: Sample) => void
}

/** What the two processes held while the load came: without it nobody could say that a gauge moves at all. */
export interface Busy {
  readonly minutes: number
  readonly connections: number
  readonly server: ServerAnswers['busy']['gauges']
  readonly clients: LoadAnswers['busy']['gauges']
  readonly hub: ServerAnswers['busy']['hub']
}

export interface Soaked {
  readonly samples: readonly Sample[]
  readonly busy: readonly Busy[]
  readonly churned: Churned
  readonly tally: ServerAnswers['tally']
}

interface Processes {
  readonly server: MeasuredProcess<ServerAnswers>
  readonly load: MeasuredProcess<LoadAnswers>
}

/** Lets the load come in rounds, and takes a sample whenever both processes have come to rest. */
export async function soak({
  forMs,
  roundMs,
  leastRounds = 1,
  leaks = '',
  sampled,
}: SoakOptions): Promise<Soaked> {
  const processes = await startProcesses(leaks)
  const samples: Sample[] = []
  const busy: Busy[] = []
  const startedAt = performance.now()
  const minutes = (): number => (performance.now() - startedAt) / 60_000
  try {
    for (;;) {
      const before = samples.at(-1)?.connections ?? 0
      const [churned, peak] = await Promise.all([
        processes.load.ask('churn', roundMs),
        inTheMiddle(roundMs, () => underLoad(processes)),
      ])
      const connections = Math.round((before + churned.connections) / 2)
      busy.push({ ...peak, minutes: minutes(), connections })
      const rest = await atRest(processes)
      const sample = { ...rest, minutes: minutes(), connections: churned.connections }
      samples.push(sample)
      sampled?.(sample)
      if (samples.length >= leastRounds && minutes() * 60_000 >= forMs - roundMs) {
        return { samples, busy, churned, tally: await processes.server.ask('tally') }
      }
    }
  } finally {
    processes.server.stop()
    processes.load.stop()
  }
}

/** Starts the hub, and the load for it. */
export async function startProcesses(leaks = ''): Promise<Processes & { readonly ports: Ports }> {
  const server = await MeasuredProcess.start<ServerAnswers, Ports>('server-process.js', [leaks])
  const { steady, unsteady } = server.ready
  const ports = [steady, unsteady].map(String)
  const load = await MeasuredProcess.start<LoadAnswers, string>('load-process.js', ports)
  return { server: server.process, load: load.process, ports: server.ready }
}

async function underLoad({ server, load }: Processes): Promise<Omit<Busy, 'minutes' | 'connections'>> {
  const [{ gauges, hub }, clients] = await Promise.all([server.ask('busy'), load.ask('busy')])
  return { server: gauges, clients: clients.gauges, hub }
}

async function atRest({ server, load }: Processes): Promise<Omit<Sample, 'minutes' | 'connections'>> {
  const { gauges, hub, connections } = await server.ask('rest')
  const clients = await load.ask('rest')
  return { server: gauges, clients: clients.gauges, hub, sockets: connections }
}

function inTheMiddle<Answer>(ofMs: number, ask: () => Promise<Answer>): Promise<Answer> {
  return new Promise((resolve) => setTimeout(() => resolve(ask()), ofMs / 2))
}
