import { byId, make, makeButton } from 'holdfast-example-site/page/elements'

const shownForMs = 7_000
const maxLogLines = 60

export type Tone = 'info' | 'good' | 'bad'

export interface Notice {
  /** A later notice with the same key takes its place. */
  readonly key: string
  readonly text: string
  readonly tone: Tone
  /** Stays until it is replaced or done with. Default: goes away after a few seconds. */
  readonly stays?: boolean
  readonly action?: { readonly label: string; readonly run: () => void }
}

interface Shown {
  readonly notice: Notice
  readonly element: HTMLElement
  readonly timer: number | null
}

/** Short messages over the conversation, read aloud by screen readers; the panel keeps a log of them. */
export class Notices {
  readonly #shelf = byId('notices', HTMLElement)
  readonly #log = byId('log', HTMLOListElement)
  readonly #shown = new Map<string, Shown>()

  show(notice: Notice): void {
    const { key, text, tone, stays = false, action } = notice
    // Said already: nobody wants to hear it at every try.
    if (stays && this.#shown.get(key)?.notice.text === text) return
    this.hide(key)
    const element = make('div', { className: `notice ${tone}`, 'data-notice': key }, [make('span', { text })])
    if (action) element.append(makeButton(action.label, action.run))
    const timer = stays ? null : window.setTimeout(() => this.hide(key), shownForMs)
    this.#shown.set(key, { notice, element, timer })
    this.#shelf.append(element)
    this.note(text)
  }

  hide(key: string): void {
    const shown = this.#shown.get(key)
    if (!shown) return
    if (shown.timer !== null) clearTimeout(shown.timer)
    shown.element.remove()
    this.#shown.delete(key)
  }

  /** Writes a line into the log only. */
  note(text: string): void {
    const time = new Date().toLocaleTimeString([], { timeStyle: 'medium' })
    this.#log.prepend(make('li', {}, [make('time', { text: time }), make('span', { text })]))
    while (this.#log.childElementCount > maxLogLines) this.#log.lastElementChild?.remove()
  }
}
