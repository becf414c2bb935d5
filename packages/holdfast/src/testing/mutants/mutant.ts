import type { PromiseName } from '../world/oracle/violation.ts'

/** A bug that is planted: a change of the sources, which exists in a build for the simulation only. */
export interface Mutant {
  /** Names it on the command line. */
  readonly name: string
  /** What it does wrong. */
  readonly bug: string
  readonly changes: readonly Change[]
  /** The promise that it breaks; that something throws does not count. */
  readonly breaks: Exclude<PromiseName, 'crash'>
  /** A seed whose world catches it. */
  readonly seed: number
}

/** A text that a file has once, and what is there instead. */
export interface Change {
  /** Below `src`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** @throws if the file does not have the text exactly once: the mutant then has to follow the code */
export function changed(source: string, { file, find, replace }: Change): string {
  const parts = source.split(find)
  const [before, after] = parts
  if (parts.length !== 2 || before === undefined || after === undefined)
    throw new Error(`${file} has ${JSON.stringify(find)} ${parts.length - 1} times, not once`)
  return before + replace + after
}
