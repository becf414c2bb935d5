import type { Engine } from 'holdfast/server'
import type { AskJournal } from './ask-journal.ts'

/** An engine whose topics live as long as it does, and whose asks are kept in a journal. */
export function withLastingAsks(engine: Engine, asks: AskJournal): Engine {
  return {
    asks,
    start: (host) => engine.start(host),
    append: (entries) => engine.append(entries),
    open: (topic) => engine.open(topic),
    stats: () => engine.stats(),
    async close() {
      await engine.close()
      await asks.close()
    },
  }
}
