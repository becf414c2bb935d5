import { byId, setText } from 'holdfast-example-site/page/elements'

export interface Counts {
  /** Messages of this page that arrived. */
  readonly sent: number
  /** Messages that topics delivered, each token being one. */
  readonly received: number
  /** Offsets or messages that came twice. Anything but 0 is a bug. */
  readonly repeated: number
  /** Offsets that neither came nor were covered by a gap. Anything but 0 is a bug. */
  readonly lost: number
  readonly gaps: number
  /** Entries that the history brought after gaps. */
  readonly fetched: number
  readonly reconnects: number
  readonly pending: number
}

const names: readonly (keyof Counts)[] = [
  'sent',
  'received',
  'repeated',
  'lost',
  'gaps',
  'fetched',
  'reconnects',
  'pending',
]

export function showCounts(counts: Counts): void {
  for (const name of names) setText(byId(`count-${name}`, HTMLElement), String(counts[name]))
  for (const name of ['repeated', 'lost'] as const) {
    byId(`count-${name}`, HTMLElement).classList.toggle('wrong', counts[name] !== 0)
  }
}
