import type { PageEvent } from '../../client/env.ts'
import type { From } from '../../core/wire/frames.ts'
import type { Side } from '../network-link.ts'
import type { Reach } from '../memory-network.ts'
import type { PipeConditions } from '../memory-pipe.ts'
import type { TransportName } from '../simulated-transport.ts'
import type { Right } from './rights.ts'

/**
 * Everything that happens in a world, as plain JSON: it can be printed, shrunk and replayed. Steps name what they concern by
 * its place (client 1, its newest link, its second subscription), and one that finds nothing there does nothing, so that a schedule
 * keeps its meaning when steps are taken out of it.
 */
export interface Schedule {
  /** Of the randomness inside the world: jitter, names. */
  readonly seed: number
  readonly settings: WorldSettings
  /** In the order of their times. */
  readonly steps: readonly Step[]
}

export interface WorldSettings {
  /** Those that are there from the beginning. */
  readonly clients: readonly ClientSettings[]
  readonly topics: readonly string[]
  /** Messages that the hub keeps of each topic. */
  readonly retainedMessages: number
  readonly sessionTtlMs: number
  readonly maxOpenOperations: number
  /** Operations that may wait in a client's outbox. */
  readonly outboxOperations: number
  /** How long a client's credentials are good for; null: for ever. */
  readonly tokenLifeMs: number | null
  readonly network: Partial<PipeConditions>
  /** How long the application takes to say who may do what. */
  readonly authorizingMs: number
  /** How long the engine takes to append, to open, and to load the asks. */
  readonly engineMs: number
  /** How long the engine takes to conclude an ask. */
  readonly concludingMs: number
  /** What the engine keeps of asks outlives the hub; else the next hub knows of none. */
  readonly lastingAsks: boolean
  /** Whoever waited for an ask with a key when the hub ended asks its successor. */
  readonly asksAgain: boolean
  /** How long devices wait to be told what became of an answer. Default: as long as it takes. */
  readonly answerTimeoutMs?: number
  /** How long nothing happens at the end, while nobody may lose a link. */
  readonly quietMs: number
}

export interface ClientSettings {
  /** Best first. */
  readonly over: readonly TransportName[]
  readonly user: string
}

/** How an operation is made. */
export interface OperationChoices {
  /** Names the operation; no other one has it. */
  readonly token: string
  readonly timeoutMs: number
  /** The caller gives up after so long. */
  readonly abortAfterMs?: number
}

/** How a handler deals with a request. */
export interface Handling {
  readonly takesMs: number
  readonly ends: 'returned' | 'rejected' | 'thrown'
}

/** What applications do. */
export type Action =
  | ({
      readonly do: 'publish'
      readonly client: number
      readonly topic: string
      readonly idempotent?: boolean
    } & OperationChoices)
  | ({
      readonly do: 'burst'
      readonly client: number
      readonly topic: string
      readonly count: number
    } & OperationChoices)
  | { readonly do: 'hubPublish'; readonly topic: string; readonly token: string; readonly count: number }
  | ({ readonly do: 'request'; readonly client: number; readonly idempotent?: boolean } & Handling &
      OperationChoices)
  | ({ readonly do: 'hubRequest'; readonly client: number } & Handling & OperationChoices)
  | {
      readonly do: 'subscribe'
      readonly client: number
      readonly topic: string
      readonly from: From
      /** Read by an iterator that holds so many events and takes so long for each; else by handlers. */
      readonly iterator?: { readonly buffer: number; readonly pauseMs: number }
      /** Unsubscribes after so long, as a page that shows something for a moment. */
      readonly leavesAfterMs?: number
    }
  | { readonly do: 'unsubscribe'; readonly client: number; readonly subscription: number }
  | {
      readonly do: 'ask'
      readonly token: string
      readonly users: readonly string[]
      /** Asked with a key; the same token again is then the same question. */
      readonly keyed: boolean
      readonly deadlineMs?: number
      readonly abortAfterMs?: number
      /** How long the validator takes. */
      readonly judgedMs: number
      /** So many answers are rejected first. */
      readonly rejections: number
    }
  | { readonly do: 'escalate'; readonly token: string; readonly user: string }
  /** Answers one of the asks that the client can answer. */
  | { readonly do: 'answer'; readonly client: number; readonly ask: number; readonly token: string }
  | { readonly do: 'reconnectNow'; readonly client: number }
  | { readonly do: 'prefer'; readonly client: number; readonly transport: TransportName | null }
  | { readonly do: 'close'; readonly client: number }
  /** A further client, as after a reload. */
  | ({ readonly do: 'connect' } & ClientSettings)
  /** From now on the client's token is of another user; the hub learns it at once if the link is cut, else when it asks for a token. */
  | { readonly do: 'signIn'; readonly client: number; readonly user: string; readonly cuts: boolean }
  | { readonly do: 'disconnect'; readonly client: number; readonly retry: boolean }
  | { readonly do: 'revoke'; readonly user: string; readonly topic: string }
  | { readonly do: 'grant'; readonly user: string; readonly topic: string }
  /** Without a word to the hub, which learns it when it looks at a token of the user next. */
  | { readonly do: 'role'; readonly user: string; readonly topic: string; readonly may: Right }

/** What networks, machines and services do. */
export type Fault =
  | { readonly do: 'cut'; readonly client: number; readonly told: readonly Side[] }
  | { readonly do: 'vanish'; readonly client: number; readonly directions: readonly ('up' | 'down')[] }
  | { readonly do: 'hold'; readonly client: number; readonly direction: 'up' | 'down' }
  | { readonly do: 'release'; readonly client: number; readonly direction: 'up' | 'down' }
  | { readonly do: 'loseResponse'; readonly client: number; readonly to: 'poll' | 'send' }
  | { readonly do: 'delaySend'; readonly client: number; readonly ms: number }
  | { readonly do: 'loseSend'; readonly client: number }
  /** Of links that are opened from now on. */
  | { readonly do: 'conditions'; readonly network: Partial<PipeConditions> }
  | { readonly do: 'reach'; readonly reach: Reach }
  | { readonly do: 'upgrades'; readonly pass: Reach }
  | { readonly do: 'proxy'; readonly multiplexed: boolean; readonly buffering: boolean }
  | { readonly do: 'freeze'; readonly client: number; readonly ms: number }
  | { readonly do: 'pauseHub'; readonly ms: number }
  | { readonly do: 'jumpClock'; readonly client: number; readonly ms: number }
  | { readonly do: 'jumpHubClock'; readonly ms: number }
  | { readonly do: 'page'; readonly client: number; readonly event: PageEvent }
  /** The hub's process dies with its memory; another one starts after so long. */
  | { readonly do: 'killHub'; readonly downMs: number }
  /** The hub is closed in order, and another one starts so long after that. */
  | { readonly do: 'closeHub'; readonly drainMs: number; readonly downMs: number }
  /** The next times that it is called it takes so long, or fails. `asks` and `engine` are the engine's, the others the application's. */
  | {
      readonly do: 'service'
      readonly which: 'authorize' | 'authenticate' | 'token' | 'asks' | 'engine'
      readonly count: number
      readonly takesMs: number
      readonly fails: boolean
    }

/** Something that is done at a time, in milliseconds since the world began. */
export type Step = { readonly at: number } & (Action | Fault)

export type StepOf<Name extends Step['do']> = Extract<Step, { readonly do: Name }>
