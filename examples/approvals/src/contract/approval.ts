import type { FileDiff } from './file-diff.ts'
import type { StepKind } from './run-event.ts'

/** The method of the asks. */
export const approveMethod = 'approve'

/**
 * The question, as the payload of the ask. It follows from the journal alone: asked again after a restart it is the same
 * to the letter, and so it is the same ask.
 */
export interface Approval {
  readonly run: string
  readonly step: number
  /** Of how many steps. */
  readonly steps: number
  readonly kind: StepKind
  readonly title: string
  readonly why: string
  readonly diff: readonly FileDiff[]
  /** Who was asked first; whoever else sees it was called in because they did not answer. */
  readonly asked: string
}

/** `run` allows every later step of the same kind in the same run too. */
export type ApprovalAnswer =
  | { readonly decision: 'once' | 'run' }
  | { readonly decision: 'deny'; readonly reason: string }

export const maxReasonLength = 300
