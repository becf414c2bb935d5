// The load: lives of all kinds, so many at the same time. It is measured too, because clients must not leak either.
import { setTimeout as pause } from 'node:timers/promises'
import { gaugesAfterCollection, gaugesNow } from './gauges.ts'
import { clientLives } from './lives/client-lives.ts'
import { halfLives } from './lives/half-lives.ts'
import type { KindOfLife } from './lives/life.ts'
import { rawLives } from './lives/raw-lives.ts'
import { answerQuestions, type Churned, type LoadAnswers, type Ports } from './processes.ts'

const livesAtOnce = 100
/** A life that takes longer has failed. */
const longestLifeMs = 15_000
const mostComplaints = 20

const [steady = 0, unsteady = 0] = process.argv.slice(2).map(Number)
const ports: Ports = { steady, unsteady }

/** Each kind as often as its share says, in an order that mixes them. */
const deck: readonly (readonly [string, KindOfLife])[] = Object.entries({
  ...rawLives,
  ...halfLives,
  ...clientLives,
})
  .flatMap(([name, kind]) => Array.from({ length: kind.share }, () => [name, kind] as const))
  .map((card, index, { length }) => ({ card, place: (index * 617) % length }))
  .toSorted((one, other) => one.place - other.place)
  .map(({ card }) => card)

const kinds: Record<string, number> = {}
const complaints: string[] = []
let lives = 0
let connections = 0
let failures = 0

answerQuestions<LoadAnswers>({
  churn,
  busy: () => ({ gauges: gaugesNow([process]) }),
  rest: async () => ({ gauges: await gaugesAfterCollection([process]) }),
})

async function churn(forMs: number): Promise<Churned> {
  const endAt = performance.now() + forMs
  const worker = async (): Promise<void> => {
    while (performance.now() < endAt) await liveOne()
  }
  await Promise.all(Array.from({ length: livesAtOnce }, worker))
  return { lives, connections, failures, kinds, complaints }
}

async function liveOne(): Promise<void> {
  const number = lives++
  const [name, { live, links }] = deck[number % deck.length] ?? expectCard()
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
    if (complaints.length < mostComplaints) complaints.push(`${name}: ${String(error)}`)
  } finally {
    tooLong.abort()
  }
}

function expectCard(): never {
  throw new Error('the deck is empty')
}

process.send?.('ready')
