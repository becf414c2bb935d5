import type { Step } from './schedule.ts'

/** After these, bytes of a link may never arrive although nobody is told, or come so late that it looks like that. */
export const unsoundFaults: ReadonlySet<string> = new Set<Step['do']>([
  'vanish',
  'hold',
  'loseResponse',
  'delaySend',
  'loseSend',
  'conditions',
  'reach',
  'upgrades',
  'proxy',
])

/** Such a fault, or one side of a link is told of its end and the other is not. */
export const isUnsound = (step: Step): boolean =>
  unsoundFaults.has(step.do) || (step.do === 'cut' && step.told.length < 2)
