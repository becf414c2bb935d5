import type { StepKind } from '../contract/run-event.ts'

/** What the kinds of steps are called, with the risk that somebody takes by allowing one. */
export const kinds: Readonly<
  Record<
    StepKind,
    { readonly name: string; readonly plural: string; readonly risk: 'none' | 'some' | 'high' }
  >
> = {
  create: { name: 'New file', plural: 'new file', risk: 'none' },
  edit: { name: 'Edit', plural: 'edit', risk: 'some' },
  rename: { name: 'Move', plural: 'move', risk: 'some' },
  delete: { name: 'Deletion', plural: 'deletion', risk: 'high' },
}
