import type { FileDiff } from './file-diff.ts'

export type StepKind = 'create' | 'edit' | 'rename' | 'delete'

export interface PlannedStep {
  /** Counted from 1. */
  readonly number: number
  readonly kind: StepKind
  readonly title: string
  readonly why: string
  /** Steps without which this one makes no sense. */
  readonly dependsOn: readonly number[]
}

/** How it came that a step may be done, or not. `rule`: somebody has allowed all of this kind, at an earlier step. */
export type Decision =
  | {
      readonly allowed: true
      readonly by: 'person'
      readonly user: string
      readonly session: string
      readonly scope: 'once' | 'run'
    }
  | { readonly allowed: true; readonly by: 'rule'; readonly user: string; readonly step: number }
  | {
      readonly allowed: false
      readonly by: 'person'
      readonly user: string
      readonly session: string
      readonly reason: string
    }
  | { readonly allowed: false; readonly by: 'deadline' }

/** What can happen in a run. */
export type RunHappening =
  | { readonly type: 'started'; readonly by: string; readonly steps: readonly PlannedStep[] }
  /** A step's changes were worked out; `asks` if somebody has to allow them. */
  | {
      readonly type: 'proposed'
      readonly step: number
      readonly diff: readonly FileDiff[]
      readonly asks: boolean
    }
  | { readonly type: 'escalated'; readonly step: number; readonly to: string }
  | { readonly type: 'decided'; readonly step: number; readonly decision: Decision }
  | { readonly type: 'applied'; readonly step: number }
  | { readonly type: 'skipped'; readonly step: number; readonly reason: string }
  | { readonly type: 'completed' }
  | { readonly type: 'stopped'; readonly by: string }
  | { readonly type: 'failed'; readonly reason: string }

/** A line of the journal: what the server goes by after a restart, and what the pages show. */
export type RunEvent = RunHappening & {
  /** Its place in the journal: ascending, also over restarts. */
  readonly seq: number
  /** Milliseconds since 1970, by the server's clock. */
  readonly time: number
  readonly run: string
}

/** The topic on which the journal's lines are published. */
export const journalTopic = 'journal'

/** The request `history`: the journal's lines with a higher `seq`. */
export interface HistoryQuery {
  readonly after: number
}

export interface HistoryReply {
  readonly events: readonly RunEvent[]
}

/** The request `startRun`. */
export interface StartRunReply {
  readonly run: string
}

/** The request `stopRun`. */
export interface StopRun {
  readonly run: string
}
