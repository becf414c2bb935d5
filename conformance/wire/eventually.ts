import { setTimeout as pause } from 'node:timers/promises'

const askAgainAfterMs = 20

/** Asks again until the answer is the one that is wanted: of what no frame tells. */
export async function eventually(holds: () => Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = performance.now() + 8_000
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`not within 8 s: ${what}`)
    await pause(askAgainAfterMs)
  }
}
