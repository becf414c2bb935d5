import { byId, make } from 'holdfast-example-site/page/elements'
import type { Decision, RunEvent } from '../contract/run-event.ts'
import type { Runs, StepState } from '../contract/run-state.ts'
import { kinds } from './wording.ts'

const maxEntries = 300
/** Characters of a session's id that are shown. */
const shownIdLength = 6

/** Who answered what, from which device, and what happened without anybody; the newest on top. */
export class AuditTrail {
  readonly #list = byId('audit', HTMLOListElement)
  readonly #runs: Runs
  readonly #ownSession: () => string | null

  /** @param ownSession by which the server knows this device */
  constructor(runs: Runs, ownSession: () => string | null) {
    this.#runs = runs
    this.#ownSession = ownSession
  }

  add(event: RunEvent): void {
    const step = 'step' in event ? this.#runs.get(event.run)?.steps[event.step - 1] : undefined
    const text = sentenceFor(event, step)
    if (text === null) return
    const time = new Date(event.time)
    const stamp = make('time', { text: time.toLocaleTimeString([], { timeStyle: 'medium' }) })
    stamp.dateTime = time.toISOString()
    const entry = make('li', { 'data-seq': String(event.seq) }, [stamp, make('span', { text })])
    const session = sessionOf(event)
    if (session !== null) entry.append(make('small', { text: this.#deviceOf(session) }))
    this.#list.prepend(entry)
    while (this.#list.childElementCount > maxEntries) this.#list.lastElementChild?.remove()
  }

  #deviceOf(session: string): string {
    return `${session === this.#ownSession() ? 'this device, ' : ''}session ${session.slice(0, shownIdLength)}`
  }
}

function sessionOf(event: RunEvent): string | null {
  return event.type === 'decided' && event.decision.by === 'person' ? event.decision.session : null
}

/** Null for what nobody has decided. */
function sentenceFor(event: RunEvent, step: StepState | undefined): string | null {
  const place = step ? `step ${step.number} of run ${event.run}, “${step.title}”` : ''
  switch (event.type) {
    case 'started':
      return `${event.by} started run ${event.run}.`
    case 'escalated':
      return `Nobody had answered, so ${event.to} was asked about ${place} too.`
    case 'decided':
      return decisionSentence(event.decision, place, step)
    case 'stopped':
      return `${event.by} stopped run ${event.run}.`
    case 'completed':
      return `Run ${event.run} is done.`
    case 'failed':
      return `Run ${event.run} failed: ${event.reason}`
    case 'proposed':
    case 'applied':
    case 'skipped':
      return null
  }
}

function decisionSentence(decision: Decision, place: string, step: StepState | undefined): string {
  if (decision.by === 'deadline') return `Nobody answered in time: denied ${place}.`
  if (decision.by === 'rule') {
    return `Allowed without asking: ${place}, because of ${decision.user}’s answer to step ${decision.step}.`
  }
  if (!decision.allowed) return `${decision.user} denied ${place}: “${decision.reason}”`
  if (decision.scope === 'once') return `${decision.user} allowed ${place}, once.`
  const plural = step ? kinds[step.kind].plural : 'step'
  return `${decision.user} allowed ${place}, and every later ${plural} in this run.`
}
