/** A stretch of lines that changed, with a few around it. */
export interface Hunk {
  /** The number of its first line before and after. */
  readonly oldStart: number
  readonly newStart: number
  /** Each begins with ` `, `-` or `+`. */
  readonly lines: readonly string[]
}

/** What happens to one file. */
export interface FileDiff {
  /** Null: the file is new. */
  readonly oldPath: string | null
  /** Null: the file is deleted. */
  readonly newPath: string | null
  readonly hunks: readonly Hunk[]
}
