import { make } from 'holdfast-example-site/page/elements'
import type { FileDiff, Hunk } from '../contract/file-diff.ts'

const lineClasses: Readonly<Record<string, string>> = { '+': 'added', '-': 'removed' }

/** The changes of a step, file by file. */
export function diffView(diff: readonly FileDiff[]): HTMLElement {
  return make('div', { className: 'diff' }, diff.map(fileView))
}

function fileView({ oldPath, newPath, hunks }: FileDiff): HTMLElement {
  return make('figure', {}, [
    make('figcaption', { text: captionOf(oldPath, newPath) }),
    make(
      'pre',
      {},
      hunks.length > 0 ? hunks.flatMap(hunkLines) : [line('The content stays as it is.', 'place')],
    ),
  ])
}

function captionOf(oldPath: string | null, newPath: string | null): string {
  if (oldPath === null) return `${newPath} (new)`
  if (newPath === null) return `${oldPath} (deleted)`
  return oldPath === newPath ? newPath : `${oldPath} → ${newPath}`
}

function hunkLines({ newStart, lines }: Hunk, index: number): HTMLElement[] {
  const shown = lines.map((text) => line(text, lineClasses[text.charAt(0)] ?? 'unchanged'))
  return index > 0 ? [line(`line ${newStart}`, 'place'), ...shown] : shown
}

function line(text: string, className: string): HTMLElement {
  return make('span', { className, text: `${text}\n` })
}
