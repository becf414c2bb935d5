import { openSync } from 'node:fs'
import type { Hub, SessionEvent } from 'holdfast/server'

/** Called for each session that was opened, or for one of many. */
type Leak = (event: SessionEvent) => void

/** Ways in which an application can leak with each session: what a soak has to find, to be worth something. */
const leaks: Readonly<Record<string, Leak>> = {
  sessions: ({ session }) => void kept.push(session),
  listeners: () => void process.on('exit', () => {}),
  descriptors: () => void openSync('/dev/null', 'r'),
  timers: () => void setInterval(() => {}, 1_000_000),
}
const kept: object[] = []

export const leakNames: readonly string[] = Object.keys(leaks)

/** Of so many sessions one leaves a listener, a descriptor or a timer behind: there are not as many as there are sessions. */
const oneIn = 50

/**
 * Plants leaks in the application.
 * @param names separated by commas: `sessions`, `listeners`, `descriptors`, `timers`
 * @throws TypeError for a leak that is none
 */
export function plantLeaks(hub: Hub, names: string): void {
  for (const { name, leak } of leaksNamed(names)) {
    if (name === 'listeners') process.setMaxListeners(0)
    let count = 0
    hub.on('session', (event) => {
      if (event.type === 'opened' && (name === 'sessions' || count++ % oneIn === 0)) leak(event)
    })
  }
}

/**
 * The leaks of these names, which are separated by commas.
 * @throws TypeError for one that is none
 */
export function leaksNamed(names: string): { readonly name: string; readonly leak: Leak }[] {
  return names
    .split(',')
    .filter(Boolean)
    .map((name) => {
      const leak = Object.hasOwn(leaks, name) ? leaks[name] : undefined
      if (!leak) throw new TypeError(`${name} is no leak; there are ${leakNames.join(', ')}`)
      return { name, leak }
    })
}
