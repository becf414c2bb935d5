// The load: lives of all kinds, so many at the same time. It is measured too, because clients must not leak either.
import { setTimeout as pause } from 'node:timers/promises'
import { gaugesAfterCollection, gaugesNow } from './gauges.ts'
import { countObjects } from './heap-objects.ts'
import { clientLives } from './lives/client-lives.ts'
import { halfLives } from './lives/half-lives.ts'
import type { KindOfLife } from './lives/life.ts'
import { rawLives } from './lives/raw-lives.ts'
import { answerQuestions, type Churned, type LoadAnswers, type Ports } from './processes.ts'

const livesAtOnce = 100
/** A life that takes longer has failed; on a busy machine a client may need several attempts, with their waits. */
const longestLifeMs = 60_000
const mostComplaints = 20

const [steady = 0, unsteady = 0] = process.argv.slice(2).map(Number)
const ports: Ports = { steady, unsteady }

const allKinds = Object.entries({ ...rawLives, ...halfLives, ...clientLives })
/** Each kind as often as its share says, in an order that mixes them. */
const deck = allKinds
  .flatMap((kind) => Array.from({ length: kind[1].share }, () => kind))
  .map((kind, index, { length }) => ({ kind, place: (index * 617) % length }))
  .toSorted((one, other) => one.place - other.place)
  .map(({ kind }) => kind)

const kinds: Record<string, number> = {}
const complaints: string[] = []
let lives = 0
let connections = 0
let failures = 0

answerQuestions<LoadAnswers>({
  churn,
  async each(times) {
    for (let time = 0; time < times; time++) await Promise.all(allKinds.map(liveOne))
    return churned()
  },
  busy: () => ({ gauges: gaugesNow([process]) }),
  rest: async () => ({ gauges: await gaugesAfterCollection([process]) }),
  objects: countObjects,
})

async function churn(forMs: number): Promise<Churned> {
  const endAt = performance.now() + forMs
  const worker = async (): Promise<void> => {
    while (performance.now() < endAt) await liveOne(deck[lives % deck.length] as [string, KindOfLife])
  }
  await Promise.all(Array.from({ length: livesAtOnce }, worker))
  return churned()
}

function churned(): Churned {
  return { lives, connections, failures, kinds, complaints }
}

async function liveOne([name, { live, links }]: readonly [string, KindOfLife]): Promise<void> {
  const number = lives++
  kinds[name] = (kinds[name] ?? 0) + 1
  connections += links
  const tooLong = new AbortController()
  try {
    await Promise.race([
      live({ ports, number }),
      pause(longestLifeMs, null, { signal: tooLong.signal }).then(() => {
        throw new Error(`not over within ${longestLifeMs} ms`)
      }),
    ])
  } catch (error) {
    failures++
    if (complaints.length < mostComplaints)
      complaints.push(`${name}: ${String(error).replaceAll(/\s+/g, ' ')}`)
  } finally {
    tooLong.abort()
  }
}

process.send?.('ready')
