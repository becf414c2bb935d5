import { byId } from 'holdfast-example-site/page/elements'
import type { Notices } from './notices.ts'

/** The panel with the buttons that hurt. They go over plain HTTP to the front, so they work while the link does not. */
export class Panel {
  readonly #panel = byId('panel', HTMLElement)
  readonly #toggle = byId('panel-toggle', HTMLButtonElement)
  readonly #tab: string
  readonly #notices: Notices

  /** @param tab how the front tells this page's link from others */
  constructor(tab: string, notices: Notices) {
    this.#tab = tab
    this.#notices = notices
  }

  listen(): void {
    for (const button of this.#panel.querySelectorAll<HTMLButtonElement>('[data-fault]')) {
      button.addEventListener('click', () => void this.#press(button))
    }
    this.#toggle.addEventListener('click', () => this.#open(!this.#isOpen))
    byId('panel-close', HTMLButtonElement).addEventListener('click', () => this.#open(false))
    document.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape' && this.#isOpen) this.#open(false)
    })
  }

  get #isOpen(): boolean {
    return this.#panel.classList.contains('open')
  }

  /** On small screens only; on wide ones it is always there. */
  #open(open: boolean): void {
    this.#panel.classList.toggle('open', open)
    this.#toggle.setAttribute('aria-expanded', String(open))
    if (open) byId('panel-close', HTMLButtonElement).focus()
    else this.#toggle.focus()
  }

  /** A fault that lasts changes places with the one that ends it. */
  async #press(button: HTMLButtonElement): Promise<void> {
    const { fault = '', undo, undoLabel = '' } = button.dataset
    const [label] = button.childNodes
    // Without the small print.
    const text = label?.textContent?.trim() ?? ''
    if (!(await this.#hurt(fault, text)) || undo === undefined || !label) return
    Object.assign(button.dataset, { fault: undo, undo: fault, undoLabel: text })
    label.textContent = `${undoLabel} `
    button.classList.toggle('active')
  }

  /** False if the front did not do it. */
  async #hurt(fault: string, label: string): Promise<boolean> {
    // Before the request, so that the log has the cause before its effects.
    this.#notices.note(`You pressed “${label}”.`)
    try {
      const response = await fetch(`/faults/${fault}${fault.includes('?') ? '&' : '?'}tab=${this.#tab}`, {
        method: 'POST',
      })
      if (!response.ok) throw new Error(`the front answered ${response.status}`)
      return true
    } catch (error) {
      this.#notices.show({ key: 'fault', tone: 'bad', text: `The button did nothing: ${String(error)}` })
      return false
    }
  }
}
