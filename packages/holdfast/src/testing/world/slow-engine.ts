import type { AppendOutcome, Engine, OpenOutcome } from '../../engines/engine.ts'

/** Waits as long as the engine takes this time, and rejects if it fails; null: it answers at once. */
export type Delay = () => Promise<unknown> | null

const failed = { kind: 'refused', code: 'engine_failed', message: 'The engine is away.' } as const

/** An engine that may take its time to append and to open, or fail before it did; what is appended keeps its order. */
export function slowEngine(engine: Engine, delay: Delay): Engine {
  /** What is being appended, and all that waits for it. */
  let appending: Promise<unknown> | null = null
  return {
    ...engine,
    append(entries) {
      const waiting = delay()
      if (!waiting && !appending) return engine.append(entries)
      const before = appending
      const append = async (): Promise<readonly AppendOutcome[]> => {
        const works = await succeeds(waiting)
        await before
        return works ? await engine.append(entries) : entries.map(() => failed)
      }
      const appended = append().finally(() => {
        if (appending === appended) appending = null
      })
      appending = appended
      return appended
    },
    async open(topic): Promise<OpenOutcome> {
      return (await succeeds(delay())) ? await engine.open(topic) : failed
    },
  }
}

const succeeds = async (waiting: Promise<unknown> | null): Promise<boolean> => {
  try {
    await waiting
    return true
  } catch {
    return false
  }
}
