interface HasTimers {
  setTimer(callback: () => void, delayMs: number, ...options: never[]): () => void
}

export interface TimerCount {
  /** Timers that have neither fired nor been cancelled. */
  readonly pending: number
  /** The most that were ever pending at once. */
  readonly most: number
}

/** Surroundings that count their timers. */
export interface CountedTimers<Env> extends TimerCount {
  readonly env: Env
}

export function countTimers<Env extends HasTimers>(env: Env): CountedTimers<Env> {
  const pending = new Set<object>()
  let most = 0
  const setTimer: HasTimers['setTimer'] = (callback, delayMs, ...options) => {
    const timer = {}
    const fire = (): void => {
      pending.delete(timer)
      callback()
    }
    const cancel = env.setTimer(fire, delayMs, ...options)
    pending.add(timer)
    most = Math.max(most, pending.size)
    return () => {
      pending.delete(timer)
      cancel()
    }
  }
  return {
    env: { ...env, setTimer },
    get pending() {
      return pending.size
    },
    get most() {
      return most
    },
  }
}
