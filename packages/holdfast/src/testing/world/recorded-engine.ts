import type { AskStore, Conclusion } from '../../engines/ask-store.ts'
import type { Engine, TopicLog } from '../../engines/engine.ts'
import { memory } from '../../engines/memory.ts'
import type { Position } from '../../core/wire/frames.ts'

/** Writes down what an engine did, before anybody can be told of it. */
export interface EngineRecorder {
  /** A topic was opened: its log tells from now on what it keeps. */
  opened(topic: string, log: TopicLog): void
  /** @param token what the message carries */
  accepted(topic: string, position: Position, token: string): void
  /** @param again it had been concluded before */
  concluded(ask: string, conclusion: Conclusion, again: boolean): void
}

/**
 * An engine in memory for one hub, whose messages are tokens.
 * @param asks what it keeps asks in. Default: its own
 */
export function recordedEngine(recorder: EngineRecorder, asks?: AskStore): Engine {
  const engine = memory()
  return {
    asks: recordedAsks(asks ?? engine.asks, recorder),
    start: (host) => engine.start(host),
    append: async (entries) => {
      const outcomes = await engine.append(entries)
      for (const [index, { topic, data }] of entries.entries()) {
        const outcome = outcomes[index]
        if (outcome?.kind === 'accepted' && !outcome.duplicate)
          recorder.accepted(topic, outcome.position, JSON.parse(data) as string)
      }
      return outcomes
    },
    open: async (topic) => {
      const outcome = await engine.open(topic)
      if (outcome.kind === 'opened') recorder.opened(topic, outcome.log)
      return outcome
    },
    stats: () => engine.stats(),
    close: () => engine.close(),
  }
}

function recordedAsks(asks: AskStore, recorder: EngineRecorder): AskStore {
  const ended = new Set<string>()
  return {
    load: () => asks.load(),
    open: (ask) => {
      ended.delete(ask.id)
      return asks.open(ask)
    },
    addUsers: (id, users) => asks.addUsers(id, users),
    conclude: async (id, offered) => {
      const conclusion = await asks.conclude(id, offered)
      if (conclusion === offered) recorder.concluded(id, conclusion, ended.has(id))
      ended.add(id)
      return conclusion
    },
    forget: (id) => asks.forget(id),
  }
}
