import { openSync } from 'node:fs'
import type { Hub, SessionEvent } from 'holdfast/server'

/** Ways in which an application can leak with each session: what a soak has to find, to be worth something. */
const leaks: Readonly<Record<string, (event: SessionEvent) => void>> = {
  sessions: ({ session }) => void kept.push(session),
  listeners: () => void process.on('exit', () => {}),
  descriptors: () => void openSync('/dev/null', 'r'),
  timers: () => void setInterval(() => {}, 1_000_000),
}
const kept: object[] = []

/** Of so many sessions one leaves a listener, a descriptor or a timer behind: there are not as many as there are sessions. */
const oneIn = 50

/**
 * Plants leaks in the application.
 * @param names separated by commas: `sessions`, `listeners`, `descriptors`, `timers`
 * @throws TypeError for a leak that is none
 */
export function plantLeaks(hub: Hub, names: string): void {
  if (names.includes('listeners')) process.setMaxListeners(0)
  for (const name of names.split(',').filter(Boolean)) {
    const leak = leaks[name]
    if (!leak) throw new TypeError(`${name} is no leak; there are ${Object.keys(leaks).join(', ')}`)
    let count = 0
    hub.on('session', (event) => {
      if (event.type === 'opened' && (name === 'sessions' || count++ % oneIn === 0)) leak(event)
    })
  }
}
