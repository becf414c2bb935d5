import type { Mutant } from './mutant.ts'

/** Questions to people: answered once, and shown as long as they are open. */
export const mutantsOfAsks: readonly Mutant[] = [
  {
    name: 'answered-twice',
    bug: 'Each answer that passes is written, whether another one is being written or not.',
    changes: [
      {
        file: 'core/ask/hub/step.ts',
        find: "if (state.name !== 'open' || ",
        replace: 'if (',
      },
      {
        file: 'engines/memory/memory-asks.ts',
        find: 'if (ask.conclusion) return ask.conclusion\n',
        replace: '\n',
      },
    ],
    breaks: 'asks',
    seed: 19,
  },
  {
    name: 'prompt-stays',
    bug: 'A device that was away while an ask ended is not told of it.',
    changes: [
      {
        file: 'client/asks.ts',
        find: 'known: idsOf(open)',
        replace: 'known: []',
      },
    ],
    breaks: 'asks',
    seed: 11,
  },
  {
    name: 'answers-nobody-waits-for',
    bug: 'An answer that comes before the store was loaded is refused.',
    changes: [
      {
        file: 'server/asks/early-answers.ts',
        find: 'this.#timekeeper.set(early, deadline)',
        replace: 'early.tick(false)',
      },
    ],
    breaks: 'asks',
    seed: 1_780,
  },
  {
    name: 'strange-to-itself',
    bug: 'A client takes what it answered over a lost session for the answer of another device.',
    changes: [
      {
        file: 'client/asks.ts',
        find: 'this.#sessions.splice(identityChanged ? 1 : maxSessions)',
        replace: 'this.#sessions.splice(1)',
      },
    ],
    breaks: 'asks',
    seed: 764,
  },
]
