import type { Gap, Reason, StateChange, TransportChange } from 'holdfast/client'
import type { Room } from '../contract/rooms.ts'
import type { Notices } from './notices.ts'
import { sentenceFor } from './reasons.ts'
import type { CatchUp } from './room-feed.ts'
import { transportLabel } from 'holdfast-example-site/page/transport-labels'

/** Puts into words what happens to the connection and to what goes over it. */
export class ConnectionNotices {
  readonly #notices: Notices
  readonly #connectAgain: () => void
  /** Rooms with a gap whose history is still to come. */
  readonly #gaps = new Map<string, Gap>()
  readonly #caughtUp = new Map<string, CatchUp>()
  #interrupted = false

  constructor(notices: Notices, connectAgain: () => void) {
    this.#notices = notices
    this.#connectAgain = connectAgain
  }

  stateChanged({ from, to, reason }: StateChange): void {
    this.#notices.note(`${from} → ${to}${reason ? ` (${reason.code})` : ''}`)
    if (to === 'waiting') {
      this.#interrupted = true
      const text = `${reason ? sentenceFor(reason) : ''} Reconnecting …`
      this.#notices.show({ key: 'connection', tone: 'bad', stays: true, text })
    } else if (to === 'live') {
      this.#live()
    } else if (to === 'closed' && reason && reason.code !== 'closed') {
      this.#interrupted = true
      const text = `Gave up. ${sentenceFor(reason)} Nothing more happens by itself.`
      const action = { label: 'Connect again', run: this.#connectAgain }
      this.#notices.show({ key: 'connection', tone: 'bad', stays: true, text, action })
    }
  }

  transportChanged(change: TransportChange): void {
    const { failure } = change
    const before = failure ? ` Before that: ${sentenceFor(failure)} (${failure.code})` : ''
    this.#notices.note(`${transportSentence(change)}${before}`)
  }

  /** @param gaveUp whether the messages go out only when somebody connects again */
  queuedOffline(count: number, gaveUp: boolean): void {
    const why = gaveUp ? 'Waiting until you connect again' : 'Queued while offline'
    const text = `${why}: ${count === 1 ? '1 message' : `${count} messages`}.`
    this.#notices.show({ key: 'queued', tone: 'info', stays: true, text })
  }

  failed(text: string): void {
    this.#notices.note(text)
  }

  gapFound(room: Room, gap: Gap): void {
    this.#gaps.set(room.title, gap)
  }

  roomLost(room: Room, { code, message }: Reason): void {
    const text = `The ${room.title} is no longer delivered: ${message} (${code})`
    this.#notices.show({ key: `room-${room.id}`, tone: 'bad', stays: true, text })
  }

  /** One notice for all rooms: a restart leaves a gap in each. */
  caughtUp(room: Room, result: CatchUp): void {
    if (!this.#gaps.has(room.title)) return
    this.#caughtUp.set(room.title, result)
    if (this.#caughtUp.size < this.#gaps.size) return
    const restarted = [...this.#gaps.values()].some(({ reason }) => reason === 'epoch')
    const why = restarted ? 'the server began anew' : 'messages were no longer kept'
    // Where nobody ever wrote, nothing can be missing.
    const caught = [...this.#caughtUp].filter(([, { empty }]) => !empty)
    const titles = caught.map(([title]) => `the ${title}`)
    const sum = (of: 'changed' | 'forgotten'): number =>
      caught.reduce((total, [, result]) => total + result[of], 0)
    const changed = sum('changed')
    const forgotten = sum('forgotten')
    const found = changed === 1 ? '1 new or changed message' : `${changed} new or changed messages`
    const fetched =
      changed > 0 ? `${found} came from the server’s record` : 'the server’s record has nothing new'
    const rest = forgotten > 0 ? `, ${forgotten} more are no longer in it` : ''
    this.#gaps.clear()
    this.#caughtUp.clear()
    if (titles.length === 0) return
    const text = `Gap in ${listed(titles)}, because ${why}: ${fetched}${rest}.`
    this.#notices.show({ key: 'gap', tone: 'info', text })
  }

  #live(): void {
    this.#notices.hide('queued')
    if (this.#interrupted) this.#notices.show({ key: 'connection', tone: 'good', text: 'Reconnected.' })
    this.#interrupted = false
  }
}

function transportSentence({ from, to, reason }: TransportChange): string {
  const now = transportLabel(to)
  if (from === null || reason === 'first') return `Connected over ${now}, the first that worked.`
  const before = transportLabel(from)
  switch (reason) {
    case 'fallback':
      return `Connected over ${now}, because ${before} did not work any more.`
    case 'better':
      return `Changed over from ${before} to ${now}, which is better and works, without a break.`
    case 'preferred':
      return `Changed over from ${before} to ${now}, as you wanted, without a break.`
  }
}

function listed(names: readonly string[]): string {
  return names.join(', ').replace(/, (?!.*, )/, ' and ')
}

export function descriptionOf({ reason, lost }: Gap): string {
  if (reason === 'epoch') return 'The server began anew here.'
  return lost === 1
    ? '1 message was no longer kept here.'
    : `${lost ?? 'Some'} messages were no longer kept here.`
}

/** What became of the messages that a gap left out; empty if there were none. */
export function outcomeOf({ changed, forgotten }: CatchUp): string {
  if (forgotten > 0) return 'Some of what was missing is no longer in the server’s record.'
  return changed > 0 ? 'What was missing came from the server’s record.' : ''
}
