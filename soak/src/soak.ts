import { MeasuredProcess } from './measured-process.ts'
import type { Churned, LoadAnswers, Ports, ServerAnswers } from './processes.ts'
import type { Sample } from './verdict.ts'

export interface SoakOptions {
  /** How long it goes on in all, in milliseconds. */
  readonly forMs: number
  /** How long the load comes before it pauses for a sample, in milliseconds. */
  readonly roundMs: number
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
  readonly load: LoadAnswers['busy']['gauges']
  readonly hub: ServerAnswers['busy']['hub']
}

export interface Soaked {
  readonly samples: readonly Sample[]
  readonly busy: readonly Busy[]
  readonly churned: Churned
  readonly tally: ServerAnswers['tally']
}

/** Lets the load come in rounds, and takes a sample whenever both processes have come to rest. */
export async function soak({ forMs, roundMs, leaks = '', sampled }: SoakOptions): Promise<Soaked> {
  const server = await MeasuredProcess.start<ServerAnswers, Ports>('server-process.js', [leaks])
  const { steady, unsteady } = server.ready
  const ports = [steady, unsteady].map(String)
  const load = await MeasuredProcess.start<LoadAnswers, string>('load-process.js', ports)
  const samples: Sample[] = []
  const busy: Busy[] = []
  const startedAt = performance.now()
  const minutes = (): number => (performance.now() - startedAt) / 60_000
  try {
    for (;;) {
      const before = samples.at(-1)?.connections ?? 0
      const churning = load.process.ask('churn', roundMs)
      const [peak, client] = await inTheMiddle(roundMs, () =>
        Promise.all([server.process.ask('busy'), load.process.ask('busy')]),
      )
      const atPeak = minutes()
      const churned = await churning
      const connections = Math.round((before + churned.connections) / 2)
      busy.push({ minutes: atPeak, connections, server: peak.gauges, load: client.gauges, hub: peak.hub })
      const atRest = await server.process.ask('rest')
      const { gauges: loadAtRest } = await load.process.ask('rest')
      const sample = {
        minutes: minutes(),
        connections: churned.connections,
        server: atRest.gauges,
        load: loadAtRest,
        hub: atRest.hub,
        sockets: atRest.connections,
      }
      samples.push(sample)
      sampled?.(sample)
      if (minutes() * 60_000 >= forMs - roundMs) {
        return { samples, busy, churned, tally: await server.process.ask('tally') }
      }
    }
  } finally {
    server.process.stop()
    load.process.stop()
  }
}

function inTheMiddle<Answer>(ofMs: number, ask: () => Promise<Answer>): Promise<Answer> {
  return new Promise((resolve) => setTimeout(() => resolve(ask()), ofMs / 2))
}
