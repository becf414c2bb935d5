import type { HubStats } from 'holdfast/server'
import type { Tally } from './application.ts'
import type { Gauges } from './gauges.ts'

/** What the program asks of the server process, and what that answers with. */
export interface ServerAnswers {
  /** How it is now, connections and all. */
  busy: { readonly gauges: Gauges; readonly hub: HubStats }
  /** How it is once nothing of what was is left, or after long enough. */
  rest: { readonly gauges: Gauges; readonly hub: HubStats; readonly connections: number }
  tally: Tally & { readonly accepted: number }
  /** Objects of each class, by its name, after a collection. */
  objects: Readonly<Record<string, number>>
}

/** The ports of the server process: connections to the unsteady one break off, many of them. */
export interface Ports {
  readonly steady: number
  readonly unsteady: number
}

/** What the load process did in all. */
export interface Churned {
  readonly lives: number
  /** Links that it began, half handshakes included. */
  readonly connections: number
  readonly failures: number
  /** Lives of each kind. */
  readonly kinds: Readonly<Record<string, number>>
  /** Of some of the failures, what went wrong. */
  readonly complaints: readonly string[]
}

/** What the program asks of the load process, and what that answers with. */
export interface LoadAnswers {
  /** It lives lives for so long, and then answers. */
  churn: Churned
  /** It lives so many lives of each kind. */
  each: Churned
  busy: { readonly gauges: Gauges }
  rest: { readonly gauges: Gauges }
  /** Objects of each class, by its name, after a collection. */
  objects: Readonly<Record<string, number>>
}

export interface Question<Name extends string = string> {
  readonly id: number
  readonly name: Name
  /** With `churn` milliseconds, with `each` lives. */
  readonly amount: number
}

/** Answers the questions that come from the parent process, and ends with it. */
export function answerQuestions<Answers>(answers: {
  readonly [Name in keyof Answers]: (amount: number) => Answers[Name] | Promise<Answers[Name]>
}): void {
  process.on('disconnect', () => process.exit())
  process.on('message', ({ id, name, amount }: Question<keyof Answers & string>) => {
    void Promise.resolve(answers[name](amount)).then((answer) => process.send?.({ id, answer }))
  })
}
