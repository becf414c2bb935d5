import { isDeepStrictEqual } from 'node:util'
import { setTimeout as pause } from 'node:timers/promises'

const askAgainAfterMs = 50

/**
 * Asks again and again until the answer is the wanted one; else says what it was at last. (`expect.poll` belongs to one
 * test, and does not work where several run at once.)
 */
export async function eventually<Value>(
  what: string,
  withinMs: number,
  ask: () => Value | Promise<Value>,
  wanted: NoInfer<Value>,
): Promise<void> {
  const giveUpAt = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (isDeepStrictEqual(answer, wanted)) return
    if (performance.now() > giveUpAt) {
      throw new Error(`not within ${withinMs} ms: ${what}; at last it was ${JSON.stringify(answer)}`)
    }
    await pause(askAgainAfterMs)
  }
}
