/** What is kept of each client, and of the hub. */
const mostEvents = 60

interface LoggedEvent {
  readonly at: number
  readonly what: string
}

/** The last events of the hub and of each client, to be read when a promise was not kept. */
export class EventLog {
  readonly #now: () => number
  readonly #events = new Map<number | null, LoggedEvent[]>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** @param client by its place; null: the hub, or all */
  note(client: number | null, what: string): void {
    const events = this.#events.get(client) ?? []
    this.#events.set(client, events)
    events.push({ at: this.#now(), what })
    if (events.length > mostEvents) events.shift()
  }

  /** The last events of a client and what happened to the hub meanwhile, in order. */
  of(client: number | null): string {
    const own = this.#events.get(client) ?? []
    const since = own[0]?.at ?? 0
    const ofHub = client === null ? [] : (this.#events.get(null) ?? []).filter(({ at }) => at >= since)
    return [...own.map(line), ...ofHub.map(({ at, what }) => line({ at, what: `hub ${what}` }))]
      .sort()
      .join('\n')
  }
}

const line = ({ at, what }: LoggedEvent): string => `  ${(at / 1_000).toFixed(3).padStart(9)} s  ${what}`
