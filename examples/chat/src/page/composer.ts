import { byId } from 'holdfast-example-site/page/elements'

/** Where messages are written. Enter sends, Shift+Enter begins a new line. */
export class Composer {
  readonly #field = byId('message', HTMLTextAreaElement)

  /** @param send takes a message that is not empty */
  constructor(send: (text: string) => void) {
    const form = byId('composer', HTMLFormElement)
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      const text = this.#field.value.trim()
      if (text === '') return
      this.#field.value = ''
      this.#fit()
      send(text)
    })
    this.#field.addEventListener('keydown', (event) => {
      // While somebody composes a character, Enter only ends that.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
      event.preventDefault()
      form.requestSubmit()
    })
    this.#field.addEventListener('input', () => this.#fit())
    for (const button of byId('suggestions', HTMLElement).querySelectorAll('button')) {
      button.addEventListener('click', () => send(button.dataset['say'] ?? ''))
    }
  }

  focus(): void {
    this.#field.focus()
  }

  labelFor(roomTitle: string): void {
    this.#field.placeholder = `Message the ${roomTitle}`
  }

  /** As high as its text, within what the style sheet allows. */
  #fit(): void {
    this.#field.style.height = 'auto'
    this.#field.style.height = `${this.#field.scrollHeight + 2}px`
  }
}
