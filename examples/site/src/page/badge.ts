import type { Client, ClientStateName } from 'holdfast/client'
import { byId, setText } from './elements.ts'
import { transportLabel } from './transport-labels.ts'

const labels: Readonly<Record<ClientStateName, string>> = {
  idle: 'Starting',
  connecting: 'Connecting',
  joining: 'Joining',
  live: 'Live',
  waiting: 'Offline',
  closing: 'Closing',
  closed: 'Disconnected',
}

const countdownStepMs = 200

/** The connection's state and transport, how long until the next try, and the button for those who do not want to wait. */
export class Badge {
  readonly #badge = byId('badge', HTMLElement)
  readonly #state = byId('badge-state', HTMLElement)
  readonly #transport = byId('badge-transport', HTMLElement)
  readonly #countdown = byId('badge-countdown', HTMLElement)
  readonly #retry = byId('badge-retry', HTMLButtonElement)
  readonly #clientNow: () => Client
  #timer: number | null = null

  /** @param again connects with a new client, after the last one gave up */
  constructor(clientNow: () => Client, again: () => void) {
    this.#clientNow = clientNow
    this.#retry.addEventListener('click', () => {
      if (clientNow().state === 'closed') again()
      else if (clientNow().state === 'waiting') clientNow().reconnectNow()
    })
  }

  update(): void {
    const { state, transport } = this.#clientNow()
    this.#badge.dataset['state'] = state
    setText(this.#state, labels[state])
    this.#transport.hidden = transport === null
    if (transport !== null) setText(this.#transport, `over ${transportLabel(transport)}`)
    setText(this.#retry, state === 'closed' ? 'Connect again' : 'Try now')
    const useful = state === 'closed' || state === 'waiting'
    // While a try that it began is under way it keeps the keyboard's focus.
    this.#retry.hidden = !useful && (state === 'live' || document.activeElement !== this.#retry)
    this.#retry.setAttribute('aria-disabled', String(!useful))
    this.#countDown()
  }

  #countDown(): void {
    const { retryAt } = this.#clientNow()
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#countdown.hidden = retryAt === null
    if (retryAt === null) return
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1_000))
    setText(this.#countdown, `next try in ${seconds} s`)
    this.#timer = window.setTimeout(() => this.#countDown(), countdownStepMs)
  }
}
