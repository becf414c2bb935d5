import type { Gap, Reason, StateChange } from 'holdfast/client'
import type { Room } from '../contract/rooms.ts'
import type { Notices } from './notices.ts'
import { sentenceFor } from './reasons.ts'
import type { CatchUp } from './room-feed.ts'

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

  queuedOffline(count: number): void {
    const text = `Queued while offline: ${count === 1 ? '1 message' : `${count} messages`}.`
    this.#notices.show({ key: 'queued', tone: 'info', stays: true, text })
  }

  failed(text: string): void {
    this.#notices.note(text)
  }

  gapFound(room: Room, gap: Gap): void {
    this.#gaps.set(room.title, gap)
    this.#notices.note(
      `Gap in the ${room.title}: ${gap.reason}, ${gap.lost ?? 'nobody knows how many'} lost.`,
    )
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
    const titles = [...this.#gaps.keys()].join(', ')
    const sum = (of: keyof CatchUp): number =>
      [...this.#caughtUp.values()].reduce((total, caught) => total + caught[of], 0)
    const restarted = [...this.#gaps.values()].some(({ reason }) => reason === 'epoch')
    const why = restarted ? 'the server began anew' : 'messages were no longer kept'
    const forgotten = sum('forgotten') > 0 ? ` ${sum('forgotten')} more are no longer in its record.` : ''
    const text = `Gap in ${titles}: ${why}. Fetched what it names: ${sum('changed')} new or changed.${forgotten}`
    this.#gaps.clear()
    this.#caughtUp.clear()
    this.#notices.show({ key: 'gap', tone: 'info', text })
  }

  #live(): void {
    this.#notices.hide('queued')
    if (this.#interrupted) this.#notices.show({ key: 'connection', tone: 'good', text: 'Reconnected.' })
    this.#interrupted = false
  }
}

export function descriptionOf({ reason, lost }: Gap): string {
  if (reason === 'epoch') return 'The server began anew here. What was missing came from its record.'
  return `${lost ?? 'Some'} messages were no longer kept here. They came from the server’s record.`
}
