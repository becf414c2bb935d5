import type { Hub } from '../../../server/hub.ts'
import type { Device } from '../device.ts'
import type { Report } from './violation.ts'
import type { HubState } from './witnesses.ts'

/** What the sessions of a world are judged by. */
export interface SessionSurroundings {
  readonly now: () => number
  readonly sessionTtlMs: number
  readonly hubState: () => HubState
  /** A token lives for seconds, and may be dead when the hub looks at it. */
  readonly tokensExpire: boolean
  /** The hub knows the session now. */
  readonly knowsSession: (session: string) => boolean
  readonly devices: readonly Device[]
}

/** A session lasts as long as it may, its client gets it back, and no client gives up by itself. */
export class SessionOracle {
  readonly #surroundings: SessionSurroundings
  readonly #report: Report
  /** Which session each client had last. */
  readonly #known = new Map<Device, string | null>()
  readonly #gaveUp = new Set<Device>()
  /** Since when sessions rest. */
  readonly #restingSince = new Map<string, number>()
  /** Sessions that the application ended, and whether their clients may come back. */
  readonly #disconnected = new Map<string, boolean>()

  constructor(surroundings: SessionSurroundings, report: Report) {
    this.#surroundings = surroundings
    this.#report = report
  }

  /** Watches the sessions of a hub that begins. */
  watch(hub: Hub): void {
    this.#restingSince.clear()
    hub.on('session', ({ type, session: { id } }) => {
      if (type === 'detached') this.#restingSince.set(id, this.#surroundings.now())
      if (type === 'attached') this.#restingSince.delete(id)
      if (type === 'ended') this.#ended(id)
    })
  }

  /** The application ends a session. */
  disconnects(session: string, retry: boolean): void {
    // The first one ends it.
    if (!this.#disconnected.has(session)) this.#disconnected.set(session, retry)
  }

  /** After each event. */
  check(device: Device): void {
    const { session } = device.client
    const before = this.#known.get(device) ?? null
    if (session !== before) this.#changed(device, before)
    this.#known.set(device, session)
    const code = device.endedBy
    if (code === null || device.closing || this.#gaveUp.has(device)) return
    this.#gaveUp.add(device)
    const forGood = code === 'disconnected' && this.#disconnected.get(session ?? '') === false
    const refused = code === 'unauthenticated' && this.#surroundings.tokensExpire
    if (!forGood && !refused) this.#report(device.index, `gave up with ${code}`)
  }

  #changed(device: Device, before: string | null): void {
    if (before === null || device.userChanged || !this.#surroundings.knowsSession(before)) return
    this.#report(device.index, `got another session, although the hub knows ${before}`)
  }

  #ended(id: string): void {
    const { now, sessionTtlMs, hubState, devices } = this.#surroundings
    const since = this.#restingSince.get(id)
    this.#restingSince.delete(id)
    const expired = since !== undefined && now() >= since + sessionTtlMs
    const isHeld = devices.some(({ over, client }) => !over && client.session === id)
    // Whoever leaves before the welcome has come does not know what its session is called.
    const left = !isHeld && devices.some(({ over }) => over)
    if (expired || left || hubState() !== 'running' || this.#disconnected.has(id)) return
    this.#report(null, `session ${id} ended${since === undefined ? ' with its link' : ' before its time'}`)
  }
}
