import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Transport, TransportLink } from '../client/transports/transport.ts'
import { ScriptedFetch } from './scripted-fetch.ts'

interface HttpLinkOptions {
  readonly freeSlots?: number
  readonly url?: string
  /** What the owner of the link does in the event. */
  readonly onTold?: (event: unknown, link: TransportLink) => void
}

/** A link over HTTP with a scripted hub behind it, and a record of everything it told. */
export class HttpLinkFixture {
  readonly http: ScriptedFetch = new ScriptedFetch()
  readonly link: TransportLink
  /** In order: `opened`, frames, and how it ended. */
  readonly told: unknown[] = []
  /** Told before `open` had returned. */
  readonly early: unknown[]
  /** How many more requests may be held. */
  freeSlots: number
  slotsAsked = 0

  constructor(transport: Transport, options: HttpLinkOptions = {}) {
    const { freeSlots = 4, url = 'https://hub.example/holdfast?tenant=a', onTold } = options
    this.freeSlots = freeSlots
    const tell = (event: unknown): void => {
      this.told.push(event)
      onTold?.(event, this.link)
    }
    const events = {
      opened: () => tell('opened'),
      received: (text: string) => tell(text),
      closed: (departure: object | null) => tell({ closed: departure }),
    }
    const holdRequest = (): Promise<(() => void) | null> => {
      this.slotsAsked++
      if (this.freeSlots === 0) return Promise.resolve(null)
      this.freeSlots--
      return Promise.resolve(() => void this.freeSlots++)
    }
    this.link = transport.open(new URL(url), events, { fetch: this.http.fetch, holdRequest })
    this.early = [...this.told]
  }

  /** Everything that can follow without an answer has followed. */
  settled(): Promise<void> {
    return nextTurn()
  }

  /** What `closed` said, once for each time. */
  get ends(): unknown[] {
    return this.told
      .filter((event) => typeof event === 'object')
      .map((event) => (event as { closed: unknown }).closed)
  }

  /** The frames of each uplink request, with its number. */
  get sent(): [number, string[]][] {
    return this.http.requests
      .filter(({ url }) => url.includes('/send'))
      .map(({ request }) => [Number(request.headers['holdfast-sequence']), (request.body ?? '').split('\n')])
  }
}
