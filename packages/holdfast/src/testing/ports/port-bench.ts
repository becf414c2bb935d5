import type { Departure } from '../../core/client/state.ts'
import type { Transport, TransportLink } from '../../client/transports/transport.ts'
import type { Accept, LinkEvents, LinkRequest, LinkSocket } from '../../server/transports/link-socket.ts'

/** A client's transport and what the hub has behind it, with a test at both ends. */
export interface PortBench {
  /** The hub's ends of links, in the order in which they were accepted. */
  readonly ends: readonly HubEnd[]
  /** What the hub does in the call that introduces a link; its events are not known yet. */
  accepting: ((socket: LinkSocket) => void) | null
  /** The link that a client opens, at a path where the hub is, or at another. */
  open(path?: string): ClientEnd
  /** Waits until something holds. */
  until(condition: () => boolean, what: string): Promise<void>
  /** Gives what must not happen the time to happen. */
  rest(): Promise<void>
  /** From now on nobody answers: as if no server were there. */
  stopListening(): Promise<void>
  /** The client's kernel reads nothing until it is told to again; null: not in the power of this bench. */
  readonly stallClient: (() => () => void) | null
  close(): Promise<void>
}

/** An implementation of both ports. */
export interface PortPair {
  readonly name: string
  /** Its downlink is a sequence of polls: what broke off between them shows only in silence. */
  readonly polls: boolean
  readonly start: () => Promise<PortBench>
}

/** In frames of at most so many bytes the hub takes what comes. */
export const maxFrameBytes = 262_144

/** A link as its client sees it. */
export class ClientEnd {
  readonly link: TransportLink
  /** In order: `opened`, frames, and how it ended. */
  readonly told: (string | { readonly closed: Departure | null })[] = []
  /** Told before `open` had returned. */
  readonly early: number
  /** What the owner of the link does when it is told something. */
  react: ((told: ClientEnd['told'][number], link: TransportLink) => void) | null = null

  constructor(open: (events: Parameters<Transport['open']>[1]) => TransportLink) {
    const tell = (event: ClientEnd['told'][number]): void => {
      this.told.push(event)
      this.react?.(event, this.link)
    }
    this.link = open({
      opened: () => tell('opened'),
      received: (text) => tell(text),
      closed: (departure) => tell({ closed: departure }),
    })
    this.early = this.told.length
  }

  get isOpen(): boolean {
    return this.told.includes('opened')
  }

  get frames(): readonly string[] {
    return this.told.filter((event): event is string => typeof event === 'string' && event !== 'opened')
  }

  /** Once for each time that it was told its end. */
  get ends(): readonly (Departure | null)[] {
    return this.told.flatMap((event) => (typeof event === 'string' ? [] : [event.closed]))
  }
}

/** A link as the hub sees it. */
export class HubEnd implements LinkEvents {
  readonly bound = true
  readonly socket: LinkSocket
  readonly request: LinkRequest
  /** In order: frames, what was refused or broken, and `closed`. */
  readonly told: string[] = []
  /** What the hub does when it is told something. */
  react: ((told: string, socket: LinkSocket) => void) | null = null

  constructor(socket: LinkSocket, request: LinkRequest) {
    this.socket = socket
    this.request = request
  }

  get frames(): readonly string[] {
    return this.told.filter((event) => event !== 'closed')
  }

  get closedCount(): number {
    return this.told.filter((event) => event === 'closed').length
  }

  /** The hub knows, as far as it can, that nobody is there. */
  get isLeft(): boolean {
    return this.closedCount > 0 || this.socket.abandoned
  }

  received(text: string): void {
    this.#tell(text)
  }

  refused(message: string): void {
    this.#tell(`refused: ${message}`)
  }

  broken(message: string): void {
    this.#tell(`broken: ${message}`)
  }

  closed(): void {
    this.#tell('closed')
  }

  #tell(event: string): void {
    this.told.push(event)
    this.react?.(event, this.socket)
  }
}

/** What the hub does with links: it introduces each to the test. */
export class HubEnds {
  readonly list: HubEnd[] = []
  accepting: PortBench['accepting'] = null

  readonly accept: Accept = (socket, request) => {
    this.accepting?.(socket)
    const end = new HubEnd(socket, request)
    this.list.push(end)
    return end
  }
}
