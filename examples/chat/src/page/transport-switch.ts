import type { Client } from 'holdfast/client'
import { byId, setText } from 'holdfast-example-site/page/elements'
import { transportLabel } from 'holdfast-example-site/page/transport-labels'

/** Chooses the transport, and says which one is in use. */
export class TransportSwitch {
  readonly #group = byId('transports', HTMLFieldSetElement)
  readonly #inUse = byId('transport', HTMLElement)
  readonly #clientNow: () => Client
  readonly #prefer: (name: string | null) => void
  #preferred: string | null = null

  /** @param prefer called with null for the best that works */
  constructor(clientNow: () => Client, prefer: (name: string | null) => void) {
    this.#clientNow = clientNow
    this.#prefer = prefer
    this.#group.addEventListener('change', ({ target }) => {
      if (target instanceof HTMLInputElement) this.#choose(target.value || null)
    })
    // Browsers bring back after a reload what was chosen before.
    for (const radio of this.#group.querySelectorAll('input')) radio.checked = radio.value === ''
  }

  update(): void {
    const { transport } = this.#clientNow()
    for (const radio of this.#group.querySelectorAll('input')) {
      radio.parentElement?.classList.toggle('in-use', radio.value === transport)
    }
    const waits = this.#preferred !== null && this.#preferred !== transport
    const until = waits ? `, until ${transportLabel(this.#preferred ?? '')} works` : ''
    setText(this.#inUse, transport === null ? 'nothing' : `${transportLabel(transport)}${until}`)
  }

  #choose(name: string | null): void {
    this.#preferred = name
    this.#prefer(name)
  }
}
