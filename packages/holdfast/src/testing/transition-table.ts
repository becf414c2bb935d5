import { describe, expect, test } from 'vitest'

interface Named {
  readonly name: string
}

interface Typed {
  readonly type: string
}

/** A pure state machine, as a table sees it. */
export interface Machine<State extends Named, Input extends Typed, Effect extends Typed, Context> {
  readonly step: (
    state: State,
    input: Input,
    context: Context,
  ) => { readonly state: State; readonly effects: readonly Effect[] }
  /** What the rows start from: a state of each name, an input of each type, and what comes with the input. */
  readonly states: { readonly [Name in State['name']]: Extract<State, { name: Name }> }
  readonly inputs: { readonly [Type in Input['type']]: Extract<Input, { type: Type }> }
  readonly context: Context
}

/** Where an input leads: the next state's name, the types of the effects, and the fields that matter. */
export type Outcome<State extends Named, Effect extends Typed> =
  /** The very same state, and nothing is done. */
  | 'ignored'
  | {
      readonly next: State['name']
      readonly effects: readonly Effect['type'][]
      readonly fields?: Readonly<Record<string, unknown>>
    }

/** One of several outcomes: what differs from the machine's own state, input and context. */
export interface Variant<From, Given, State extends Named, Effect extends Typed, Context> {
  readonly when: string
  readonly state?: Partial<From>
  readonly input?: Partial<Given>
  readonly context?: Partial<Context>
  readonly outcome: Outcome<State, Effect>
}

export type Row<From, Given, State extends Named, Effect extends Typed, Context> =
  | Outcome<State, Effect>
  | readonly Variant<From, Given, State, Effect, Context>[]

/** What every input does in one state. */
export type Rows<From, State extends Named, Input extends Typed, Effect extends Typed, Context> = {
  readonly [Type in Input['type']]: Row<From, Extract<Input, { type: Type }>, State, Effect, Context>
}

/** What every input does in every state. A new state or input does not compile until it has its rows. */
export type TransitionTable<State extends Named, Input extends Typed, Effect extends Typed, Context> = {
  readonly [Name in State['name']]: Rows<Extract<State, { name: Name }>, State, Input, Effect, Context>
}

/** Declares a test for each row and variant of the table. */
export function describeTable<State extends Named, Input extends Typed, Effect extends Typed, Context>(
  machine: Machine<State, Input, Effect, Context>,
  table: TransitionTable<State, Input, Effect, Context>,
): void {
  const stateNames = Object.keys(machine.states) as State['name'][]
  describe.each(stateNames)('%s', (name) => describeRows(machine, name, table[name]))
}

/** Declares a test for each row and variant of one state; without a row, none. */
export function describeRows<State extends Named, Input extends Typed, Effect extends Typed, Context>(
  machine: Machine<State, Input, Effect, Context>,
  name: State['name'],
  rows: { readonly [Type in Input['type']]?: Row<object, object, State, Effect, Context> },
): void {
  for (const type of Object.keys(machine.inputs) as Input['type'][]) {
    const row: Row<object, object, State, Effect, Context> = rows[type] ?? []
    for (const variant of isVariants(row) ? row : [{ when: '', outcome: row }]) {
      test(titleOf(type, variant), () => {
        const state = deepFreeze({ ...machine.states[name], ...variant.state })
        const input = deepFreeze({ ...machine.inputs[type], ...variant.input })
        const taken = machine.step(state, input, { ...machine.context, ...variant.context })
        expectOutcome(taken, variant.outcome, state)
      })
    }
  }
}

function isVariants<Variants>(row: Variants): row is Extract<Variants, readonly unknown[]> {
  return Array.isArray(row)
}

function titleOf(type: string, { when, outcome }: { when: string; outcome: Outcome<Named, Typed> }): string {
  const cause = when === '' ? type : `${type} (${when})`
  return outcome === 'ignored'
    ? `${cause} is ignored`
    : `${cause} → ${[outcome.next, ...outcome.effects].join(', ')}`
}

function expectOutcome<State extends Named, Effect extends Typed>(
  taken: { readonly state: State; readonly effects: readonly Effect[] },
  outcome: Outcome<State, Effect>,
  before: State,
): void {
  if (outcome === 'ignored') {
    expect(taken.state).toBe(before)
    expect(taken.effects).toEqual([])
  } else {
    expect(taken.effects.map(({ type }) => type)).toEqual(outcome.effects)
    expect(taken.state).toMatchObject({ ...outcome.fields, name: outcome.next })
  }
}

/** Freezes a value and everything in it, so that whoever changes it throws. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const part of Object.values(value)) deepFreeze(part)
  return value
}
