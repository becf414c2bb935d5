import type { Append } from '../../../engines/engine.ts'
import type { HubCore } from '../../../server/hub-core.ts'
import type { Session } from '../../../server/sessions/session.ts'
import type { Cursor } from '../../../server/topics/cursor.ts'
import type { Chronicle } from '../chronicle.ts'
import type { Device } from '../device.ts'
import type { Deed, Rights, Role } from '../rights.ts'
import type { Report } from './violation.ts'
import type { HubState } from './witnesses.ts'

/** What the rights of a world are judged by. */
export interface RightsSurroundings {
  readonly rights: Rights
  readonly chronicle: Pick<Chronicle, 'acceptedCount'>
  readonly devices: readonly Device[]
  readonly hubState: () => HubState
}

/** Whatever was asked before: nobody reads or publishes at a hub what the role of the session forbids at that moment. */
export class RightsOracle {
  readonly #surroundings: RightsSurroundings
  readonly #report: Report
  #core: HubCore | null = null
  readonly #readers = new Map<Cursor, Session>()

  constructor(surroundings: RightsSurroundings, report: Report) {
    this.#surroundings = surroundings
    this.#report = report
  }

  /** Watches who reads at a hub that begins. */
  watch(core: HubCore): void {
    this.#core = core
    this.#readers.clear()
    const { fanOut } = core.parts
    const add = fanOut.add.bind(fanOut)
    fanOut.add = (cursor) => {
      const link = [...core.links].find(({ writer }) => writer === cursor.writer)
      if (link?.session) this.#readers.set(cursor, link.session)
      add(cursor)
    }
  }

  /** After each event. */
  check(): void {
    const { rights, chronicle, hubState } = this.#surroundings
    if (!rights.limited || hubState() === 'down' || !this.#core) return
    for (const { info } of this.#core.parts.sessions) rights.took(info, chronicle.acceptedCount)
    for (const [cursor, session] of this.#readers) {
      const deed = { action: 'subscribe', topic: cursor.log.topic } as const
      if (cursor.removed) this.#readers.delete(cursor)
      else if (!cursor.paused && !this.#may(deed, session)) this.#fault(session, 'reads', deed)
    }
  }

  /** The hub hands messages to its engine. */
  appends(entries: readonly Append[]): void {
    const sessions = [...(this.#core?.parts.sessions ?? [])]
    for (const { topic, producer } of entries) {
      const deed = { action: 'publish', topic } as const
      const publishers = sessions.filter(({ producerId }) => producerId === producer?.id)
      const [first] = publishers
      if (first && !publishers.some((session) => this.#might(deed, session)))
        this.#fault(first, 'publishes to', deed)
    }
  }

  #may(deed: Deed, { info: { user, context } }: Session): boolean {
    return this.#surroundings.rights.holds(deed, user, context as Role)
  }

  /** What is handed over at the end of an event may have been decided before the role changed in it. */
  #might(deed: Deed, session: Session): boolean {
    const { rights } = this.#surroundings
    const before = rights.heldBy(session.id)
    return this.#may(deed, session) || (before !== null && rights.holds(deed, session.info.user, before))
  }

  #fault({ id }: Session, does: string, { topic }: Deed): void {
    const device = this.#surroundings.devices.find(({ client }) => client.session === id)
    this.#report(device?.index ?? null, `${does} ${topic}, which session ${id} may not`)
  }
}
