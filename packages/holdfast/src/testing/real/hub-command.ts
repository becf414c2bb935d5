import type { ErrorCode } from '../../core/wire/error-codes.ts'
import type { Outcome } from '../../core/wire/errors.ts'
import type { HubOptions } from '../../server/options.ts'
import type { RequestPayload } from '../world/world.ts'

/** How the program of a recorded hub is started: its one argument, as JSON. */
export interface RecordedHubSettings {
  /** The path of its journal. */
  readonly journal: string
  /** 0: any that is free. */
  readonly port: number
  readonly options: Pick<HubOptions, 'heartbeat' | 'limits' | 'retention' | 'timeouts'>
}

/** What a recorded hub can be told to do. */
export type HubCommand =
  | { readonly do: 'publish'; readonly topic: string; readonly token: string }
  | {
      readonly do: 'request'
      readonly session: string
      readonly payload: RequestPayload
      readonly timeoutMs: number
    }
  | AskCommand
  | { readonly do: 'escalate'; readonly token: string; readonly user: string }
  /** Whoever gave another command gives up. */
  | { readonly do: 'abort'; readonly command: number }
  | { readonly do: 'disconnect'; readonly session: string; readonly retry: boolean }
  | { readonly do: 'asks' }
  | { readonly do: 'stats' }
  /** Closes hub and server; then the process has nothing left to live for. */
  | { readonly do: 'close' }

export interface AskCommand {
  readonly do: 'ask'
  readonly token: string
  readonly users: readonly string[]
  readonly deadlineMs?: number
  readonly judgedMs: number
  readonly rejections: number
}

/** A command and the number by which it is answered. */
export interface NumberedCommand {
  readonly number: number
  readonly command: HubCommand
}

export interface CommandFailure {
  /** Null: no error of Holdfast's. */
  readonly code: ErrorCode | null
  readonly message: string
  readonly outcome?: Outcome | undefined
}

/** What the process of a recorded hub tells. */
export type HubReply =
  | { readonly listening: number }
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly failure: CommandFailure }
