import type { Append, AppendOutcome, Engine } from '../../engines/engine.ts'
import type { Logger } from '../options.ts'

interface Waiting {
  readonly entry: Append
  readonly settle: (outcome: AppendOutcome) => void
}

/** Hands what was published in one turn to the engine in one batch, in order. */
export class Publisher {
  readonly #engine: Engine
  readonly #logger: Logger
  #waiting: Waiting[] = []

  constructor(engine: Engine, logger: Logger) {
    this.#engine = engine
    this.#logger = logger
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
    let outcomes: readonly AppendOutcome[] = []
    let message = 'The engine gave no outcome.'
    try {
      outcomes = await this.#engine.append(batch.map(({ entry }) => entry))
    } catch (error) {
      this.#logger.error({ error }, 'the engine could not append')
      message = 'The engine failed; the message may have been kept.'
    }
    for (const [index, { settle }] of batch.entries()) {
      settle(outcomes[index] ?? { kind: 'refused', code: 'engine_failed', message })
    }
  }
}
