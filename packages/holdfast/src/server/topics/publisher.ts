import type { Append, AppendOutcome, Engine } from '../../engines/engine.ts'

interface Waiting {
  readonly entry: Append
  readonly settle: (outcome: AppendOutcome) => void
}

/** Hands what was published in one turn to the engine in one batch, in order. */
export class Publisher {
  readonly #engine: Engine
  #waiting: Waiting[] = []

  constructor(engine: Engine) {
    this.#engine = engine
  }

  append(entry: Append): Promise<AppendOutcome> {
    return new Promise((settle) => {
      this.#waiting.push({ entry, settle })
      if (this.#waiting.length === 1) queueMicrotask(() => void this.#flush())
    })
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = []
    const outcomes = await this.#engine.append(batch.map(({ entry }) => entry))
    for (const [index, { settle }] of batch.entries()) {
      settle(
        outcomes[index] ?? { kind: 'refused', code: 'engine_failed', message: 'The engine gave no outcome.' },
      )
    }
  }
}
