import type { Entry } from '../contract/conversation.ts'
import type { Room } from '../contract/rooms.ts'
import { make } from 'holdfast-example-site/page/elements'
import { MessageView, type MessageActions } from './message-view.ts'
import type { OutgoingMessage } from './outgoing.ts'

/** Closer than this to the end, the list follows what is added. */
const followWithinPx = 80

/** A room's messages in the order of the record, and below them what this page has not got out yet. */
export class MessageList {
  readonly element: HTMLElement
  readonly #list: HTMLOListElement
  readonly #empty = make('p', { className: 'empty' })
  readonly #actions: MessageActions
  readonly #views = new Map<string, MessageView>()
  /** The newest gap, until the history has said what was missing. */
  #openGap: HTMLElement | null = null
  /** Whoever has scrolled back wants to read in peace. */
  #follows = true

  constructor(room: Room, actions: MessageActions) {
    this.#actions = actions
    this.#list = make('ol', { role: 'log', 'aria-label': `Messages in ${room.title}` })
    this.#empty.textContent = `Nobody has said anything in the ${room.title} yet.`
    this.element = make(
      'div',
      { className: 'scroll', role: 'region', 'aria-label': `The ${room.title}`, 'data-room': room.id },
      [this.#empty, this.#list],
    )
    this.element.tabIndex = 0
    this.element.hidden = true
    this.element.addEventListener('scroll', () => {
      const { scrollTop, scrollHeight, clientHeight } = this.element
      this.#follows = scrollHeight - scrollTop - clientHeight < followWithinPx
    })
    // A phone's keyboard, or a header that needs another line.
    new ResizeObserver(() => this.#followEnd()).observe(this.element)
  }

  /** Messages that stand in the list more than once. */
  get repeated(): number {
    return this.#list.querySelectorAll('[data-id]').length - this.#views.size
  }

  show(visible: boolean): void {
    this.element.hidden = !visible
    this.#follows = true
    this.#followEnd()
  }

  putEntry(entry: Entry, mine: boolean): void {
    const view = this.#viewOf(entry.id)
    const moves = view.seq !== entry.seq
    view.showEntry(entry, mine)
    if (moves) this.#place(view)
    this.#followEnd()
  }

  putOutgoing(message: OutgoingMessage, user: string): void {
    const known = this.#views.has(message.id)
    // It arrived so long ago that the list has forgotten it.
    if (!known && message.status.name === 'delivered') return
    const view = this.#viewOf(message.id)
    view.showOutgoing(message, user)
    if (!known) {
      this.#list.append(view.element)
      this.#follows = true
    }
    this.#followEnd()
  }

  remove(id: string): void {
    this.#views.get(id)?.element.remove()
    this.#views.delete(id)
    this.#empty.hidden = this.#views.size > 0
  }

  /** Marks where the topic's messages broke off; where there were none, nothing did. */
  addGap(text: string): void {
    const views = [...this.#views.values()]
    if (views.every(({ seq }) => seq === Infinity)) return
    const firstUnsent = views.find(({ seq }) => seq === Infinity)
    this.#openGap = make('li', { className: 'gap', text })
    this.#list.insertBefore(this.#openGap, firstUnsent?.element ?? null)
    this.#followEnd()
  }

  /** Adds to the mark what became of the missing messages. */
  closeGap(text: string): void {
    if (text !== '') this.#openGap?.append(` ${text}`)
    this.#openGap = null
    this.#followEnd()
  }

  #viewOf(id: string): MessageView {
    const known = this.#views.get(id)
    if (known) return known
    const view = new MessageView(id, this.#actions)
    this.#views.set(id, view)
    this.#empty.hidden = true
    return view
  }

  /** Before everything that stands later in the record; most often that is at the end. */
  #place(view: MessageView): void {
    let next: Element | null = null
    let candidate = this.#list.lastElementChild
    while (candidate && !this.#standsBefore(candidate, view)) {
      next = candidate
      candidate = candidate.previousElementSibling
    }
    if (next !== view.element) this.#list.insertBefore(view.element, next)
  }

  #standsBefore(element: Element, { seq, element: own }: MessageView): boolean {
    if (element === own || !(element instanceof HTMLElement)) return false
    const id = element.dataset['id']
    return id === undefined || (this.#views.get(id)?.seq ?? 0) < seq
  }

  #followEnd(): void {
    if (this.#follows) this.element.scrollTop = this.element.scrollHeight
  }
}
