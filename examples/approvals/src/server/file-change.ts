import { structuredPatch } from 'diff'
import type { FileDiff } from '../contract/file-diff.ts'

/** The project's text files by path. */
export type Files = ReadonlyMap<string, string>

/** What a file has to hold afterwards, and what it held when that was worked out; null: it is not there. */
export interface FileChange {
  readonly path: string
  readonly before: string | null
  readonly after: string | null
}

/** For people to read. A file that goes and one that comes are one that moves, if there is just one of each. */
export function diffOf(changes: readonly FileChange[]): FileDiff[] {
  const gone = changes.filter(({ after }) => after === null)
  const come = changes.filter(({ before }) => before === null)
  const [from] = gone
  const [to] = come
  if (!from || !to || gone.length > 1 || come.length > 1) return changes.map(diffOfOne)
  const moved: FileDiff = {
    oldPath: from.path,
    newPath: to.path,
    hunks: hunksOf(from.before, to.after),
  }
  return [moved, ...changes.filter((change) => change !== from && change !== to).map(diffOfOne)]
}

function diffOfOne({ path, before, after }: FileChange): FileDiff {
  return {
    oldPath: before === null ? null : path,
    newPath: after === null ? null : path,
    hunks: hunksOf(before, after),
  }
}

function hunksOf(before: string | null, after: string | null): FileDiff['hunks'] {
  const { hunks } = structuredPatch('', '', before ?? '', after ?? '', '', '', { context: 3 })
  return hunks.map(({ oldStart, newStart, lines }) => ({ oldStart, newStart, lines }))
}
