import { setTimeout as pause } from 'node:timers/promises'

const askAgainAfterMs = 2

/** Resolves when a condition holds that no event tells of; says what was waited for if it never does. */
export async function until(holds: () => boolean, what: string, withinMs: number = 8_000): Promise<void> {
  const giveUpAt = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() > giveUpAt) throw new Error(`not within ${withinMs} ms: ${what}`)
    await pause(askAgainAfterMs)
  }
}
