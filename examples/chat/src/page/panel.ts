import { byId, setText } from './elements.ts'
import type { Notices } from './notices.ts'

/** The panel with the buttons that hurt. They go over plain HTTP to the front, so they work while the link does not. */
export class Panel {
  readonly #panel = byId('panel', HTMLElement)
  readonly #toggle = byId('panel-toggle', HTMLButtonElement)
  readonly #unplug = byId('unplug', HTMLButtonElement)
  readonly #tab: string
  readonly #notices: Notices
  #unplugged = false

  /** @param tab how the front tells this page's link from others */
  constructor(tab: string, notices: Notices) {
    this.#tab = tab
    this.#notices = notices
  }

  listen(): void {
    for (const button of this.#panel.querySelectorAll<HTMLButtonElement>('[data-fault]')) {
      button.addEventListener('click', () => void this.#hurt(button.dataset['fault'] ?? '', labelOf(button)))
    }
    this.#unplug.addEventListener('click', () => void this.#turnPlug())
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

  async #turnPlug(): Promise<void> {
    const out = !this.#unplugged
    if (!(await this.#hurt(out ? 'unplug' : 'plug-in', labelOf(this.#unplug)))) return
    this.#unplugged = out
    setText(this.#unplug, out ? 'Plug in' : 'Unplug')
    this.#unplug.classList.toggle('active', out)
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

/** What the button is called, without the small print. */
function labelOf(button: HTMLButtonElement): string {
  return button.firstChild?.textContent?.trim() ?? ''
}
