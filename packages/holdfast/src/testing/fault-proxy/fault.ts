/** What an intermediary does to a connection, as data. */
export type Fault =
  /** Answers the request with this status, or with the end of the connection; the hub does not hear of it. */
  | { readonly type: 'refuse'; readonly status: number | 'none' }
  /** Lets the head of the request and of the answer pass; after that whatever is sent vanishes. */
  | { readonly type: 'swallow' }
  /** Whatever is sent vanishes from the first byte on, ends and resets too. */
  | { readonly type: 'freeze' }
  /** Closes both sides this long after the request came. */
  | { readonly type: 'cut'; readonly afterMs: number }
  /** Everything comes that much later, in order. */
  | { readonly type: 'delay'; readonly leastMs: number; readonly mostMs: number }
  /** The bytes come in pieces of these sizes. */
  | { readonly type: 'slice'; readonly leastBytes: number; readonly mostBytes: number }
  /** In each direction. */
  | { readonly type: 'throttle'; readonly bytesPerSecond: number }

/** What a connection carries. */
export type ConnectionKind = 'websocket' | 'http'

/** A fault, and which connections it concerns; of several of one type, the last counts. A connection's kind is that of its first request. */
export interface FaultRule {
  /** Default: every connection. */
  readonly of?: ConnectionKind
  readonly fault: Fault
}

export type FaultType = Fault['type']
export type FaultOf<Type extends FaultType> = Extract<Fault, { type: Type }>

/** The faults that concern a connection, each type once: the last one given. */
export class Faults {
  readonly #faults: ReadonlyMap<FaultType, Fault>

  constructor(rules: readonly FaultRule[], kind: ConnectionKind | null) {
    const concerning = rules.filter(({ of }) => of === undefined || of === kind)
    this.#faults = new Map(concerning.map(({ fault }) => [fault.type, fault]))
  }

  get<Type extends FaultType>(type: Type): FaultOf<Type> | undefined {
    return this.#faults.get(type) as FaultOf<Type> | undefined
  }
}
