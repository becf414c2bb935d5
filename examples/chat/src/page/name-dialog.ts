import { byId, setText } from 'holdfast-example-site/page/elements'
import type { Identity } from 'holdfast-example-site/page/identity'

/** Shows the name and lets it be changed. */
export class NameDialog {
  readonly #dialog = byId('name-dialog', HTMLDialogElement)
  readonly #field = byId('name-field', HTMLInputElement)
  readonly #problem = byId('name-problem', HTMLElement)
  readonly #label = byId('name', HTMLElement)
  readonly #identity: Identity
  readonly #mayRename: () => string | null
  readonly #renamed: () => void

  /**
   * @param mayRename says why not, or null: what one user has queued is never sent as another
   * @param renamed connects anew, as the new user
   */
  constructor(identity: Identity, mayRename: () => string | null, renamed: () => void) {
    this.#identity = identity
    this.#mayRename = mayRename
    this.#renamed = renamed
    setText(this.#label, identity.name)
  }

  listen(): void {
    byId('name-change', HTMLButtonElement).addEventListener('click', () => {
      this.#field.value = this.#identity.name
      setText(this.#problem, '')
      this.#dialog.showModal()
      this.#field.select()
    })
    byId('name-cancel', HTMLButtonElement).addEventListener('click', () => this.#dialog.close())
    byId('name-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      const objection = this.#mayRename()
      if (objection === null) void this.#rename(this.#field.value.trim())
      else setText(this.#problem, objection)
    })
  }

  async #rename(name: string): Promise<void> {
    if (name !== this.#identity.name) {
      const problem = await this.#identity.rename(name).catch(() => 'The server cannot be reached.')
      if (problem !== null) return setText(this.#problem, problem)
      setText(this.#label, name)
      this.#renamed()
    }
    this.#dialog.close()
  }
}
