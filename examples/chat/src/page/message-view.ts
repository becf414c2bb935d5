import type { Entry } from '../contract/conversation.ts'
import { assistant } from '../contract/rooms.ts'
import { make, makeButton, setText } from 'holdfast-example-site/page/elements'
import type { OutgoingMessage } from './outgoing.ts'

/** What one message can ask the page to do. */
export interface MessageActions {
  sendAgain(id: string): void
  discard(id: string): void
  /** The question of this answer. */
  askAgain(answer: string): void
}

const statusTexts = {
  queued: 'Queued',
  sent: 'Sent',
  delivered: 'Delivered',
  waiting: 'Waiting',
  failed: 'Failed',
} as const

/** One message of a list: who, when, what, and how far it has come. */
export class MessageView {
  readonly element: HTMLLIElement
  readonly #author = make('span', { className: 'author' })
  readonly #time = make('time')
  readonly #status = make('span', { className: 'status' })
  readonly #text = make('p', { className: 'text' })
  readonly #footer = make('div', { className: 'footer' })
  readonly #avatar = make('span', { className: 'avatar', 'aria-hidden': 'true' })
  readonly #actions: MessageActions
  /** Its place in the record; infinite while it has none. */
  seq: number = Infinity

  constructor(id: string, actions: MessageActions) {
    this.#actions = actions
    const head = make('div', { className: 'head' }, [this.#author, this.#time, this.#status])
    const body = make('div', { className: 'body' }, [head, this.#text, this.#footer])
    this.element = make('li', { className: 'message', 'data-id': id }, [this.#avatar, body])
  }

  showEntry(entry: Entry, mine: boolean): void {
    this.seq = entry.seq
    this.#by(entry.user, mine)
    const time = new Date(entry.time)
    this.#time.dateTime = time.toISOString()
    setText(this.#time, time.toLocaleTimeString([], { timeStyle: 'short' }))
    this.#say(entry.text)
    this.element.dataset['state'] = entry.state
    // A screen reader reads an answer when it is complete, not word by word.
    this.element.setAttribute('aria-busy', String(entry.state === 'streaming'))
    this.#footer.replaceChildren()
    if (entry.state === 'interrupted') {
      this.#footer.append(
        make('span', { text: 'The server stopped while this was being written.' }),
        makeButton('Ask again', () => this.#actions.askAgain(entry.id)),
      )
    }
  }

  showOutgoing({ id, text, status }: OutgoingMessage, user: string): void {
    if (this.seq === Infinity) {
      this.#by(user, true)
      this.#say(text)
    }
    // What goes out with the next connection has not failed.
    const waits = status.name === 'failed' && status.cause === 'unsent'
    const shown = waits ? 'waiting' : status.name
    this.element.dataset['status'] = shown
    setText(this.#status, statusTexts[shown])
    this.#footer.replaceChildren()
    if (status.name !== 'failed') return
    const asks = status.cause === 'refused'
    const rest = {
      unsent: ' It goes out when you connect again.',
      unknown: ' Looking whether it arrived …',
      refused: '',
    }
    this.#footer.append(make('span', { text: status.reason + rest[status.cause] }))
    if (asks) {
      this.#footer.append(
        makeButton('Send again', () => this.#actions.sendAgain(id)),
        makeButton('Discard', () => this.#actions.discard(id)),
      )
    }
  }

  #by(user: string, mine: boolean): void {
    setText(this.#author, user)
    setText(this.#avatar, user === assistant ? '✦' : initialsOf(user))
    this.#avatar.style.setProperty('--hue', String(hueOf(user)))
    this.element.classList.toggle('mine', mine)
    this.element.classList.toggle('assistant', user === assistant)
  }

  /** Appends where it can, so that a selection in a growing answer survives. */
  #say(text: string): void {
    const said = this.#text.textContent
    if (said === text) return
    const last = this.#text.lastChild
    if (last instanceof Text && text.startsWith(said)) last.appendData(text.slice(said.length))
    else this.#text.textContent = text
  }
}

function initialsOf(user: string): string {
  const words = user.split(/\s+/)
  return words
    .slice(0, 2)
    .map(([initial = '']) => initial.toUpperCase())
    .join('')
}

function hueOf(user: string): number {
  let hue = 0
  for (const character of user) hue = (hue * 31 + (character.codePointAt(0) ?? 0)) % 360
  return hue
}
