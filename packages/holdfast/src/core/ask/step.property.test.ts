import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deepFreeze } from '../../testing/transition-table.ts'
import { askDeadline, newAsk, type AskEffect, type AskInput, type AskState } from './state.ts'
import { stepAsk } from './step.ts'

interface Taken {
  readonly now: number
  readonly before: AskState
  readonly input: AskInput
  readonly after: AskState
  readonly effects: readonly AskEffect[]
}

const settings = { seed: 42, numRuns: 300 }
const startedAt = 1_000
const expiresAt = startedAt + 5_000

const anyMove = fc.record({
  kind: fc.constantFrom(
    'answered',
    'answered',
    'judged',
    'judged',
    'dropped',
    'engine',
    'engine',
    'cancelled',
    'joined',
  ),
  pick: fc.nat(),
  works: fc.integer({ min: 1, max: 10 }).map((outOfTen) => outOfTen > 3),
  afterMs: fc.constantFrom(0, 0, 1, 100, 900, 2_000),
})
type Move = typeof anyMove extends fc.Arbitrary<infer Drawn> ? Drawn : never

/** An ask with a driver that does what the effects say, in any order; at the end everything answers. */
class Course {
  readonly steps: Taken[] = []
  #state: AskState
  #now = startedAt
  #answers = 0
  readonly #judging: number[] = []
  #conclude: Extract<AskEffect, { type: 'conclude' }> | null = null

  constructor(attended: boolean) {
    this.#state = newAsk(expiresAt, attended)
  }

  walk(moves: readonly Move[]): readonly Taken[] {
    for (const { kind, pick, works, afterMs } of moves) {
      this.#pass(afterMs)
      if (kind === 'answered') this.#step({ type: 'answered', answer: ++this.#answers })
      else if (kind === 'cancelled' && pick % 5 === 0) this.#step({ type: 'cancelled' })
      else if (kind === 'joined') this.#step({ type: 'joined', attends: true })
      else if (kind === 'engine') this.#engine(works)
      else this.#judged(pick, kind === 'judged')
    }
    this.#step({ type: 'joined', attends: true })
    for (let left = 100; this.#state.name !== 'ended' && left > 0; left--) {
      this.#pass(1_000)
      this.#engine(true)
      this.#judged(0, true)
    }
    return this.steps
  }

  /** Time passes; the timer comes when it should. */
  #pass(ms: number): void {
    this.#now += ms
    const deadline = askDeadline(this.#state)
    if (deadline !== null && deadline <= this.#now) this.#step({ type: 'ticked' })
  }

  #judged(pick: number, passes: boolean): void {
    const [answer] = this.#judging.splice(pick % Math.max(this.#judging.length, 1), 1)
    if (answer !== undefined) this.#step({ type: passes ? 'passed' : 'dropped', answer })
  }

  #engine(works: boolean): void {
    if (this.#state.name === 'opening') return this.#step({ type: 'opened' })
    const conclude = this.#conclude
    if (!conclude) return
    this.#conclude = null
    const { status, answer } = conclude
    this.#step(works ? { type: 'concluded', status, answer } : { type: 'failed', answer })
  }

  #step(input: AskInput): void {
    const before = deepFreeze(this.#state)
    const { state, effects } = stepAsk(before, deepFreeze(input), { now: this.#now })
    this.#state = state
    this.steps.push({ now: this.#now, before, input, after: state, effects })
    for (const effect of effects) {
      if (effect.type === 'judge') this.#judging.push(effect.answer)
      if (effect.type === 'conclude') {
        expect(this.#conclude, 'two conclusions are under way').toBeNull()
        this.#conclude = effect
      }
    }
  }
}

function holds(check: (steps: readonly Taken[]) => void): void {
  const courses = fc.tuple(fc.boolean(), fc.array(anyMove, { maxLength: 60, size: 'max' }))
  fc.assert(
    fc.property(courses, ([attended, moves]) => check(new Course(attended).walk(moves))),
    settings,
  )
}

const effectsOf = (steps: readonly Taken[]): AskEffect[] => steps.flatMap(({ effects }) => effects)

describe('whatever comes', () => {
  test('an ask ends once, and whoever answered is told once', () => {
    holds((steps) => {
      const effects = effectsOf(steps)
      expect(steps.at(-1)?.after.name).toBe('ended')
      expect(effects.filter(({ type }) => type === 'end')).toHaveLength(1)
      const given = steps.flatMap(({ input }) => (input.type === 'answered' ? [input.answer] : []))
      const dropped = steps.flatMap(({ input, before }) =>
        input.type === 'dropped' && before.name !== 'ended' ? [input.answer] : [],
      )
      const told = effects.flatMap((effect) =>
        effect.type === 'take' || effect.type === 'refuse' ? [effect.answer] : [],
      )
      expect(told.toSorted((one, other) => one - other)).toEqual(
        given.filter((answer) => !dropped.includes(answer)),
      )
    })
  })

  test('S42 one answer at most is taken, and only if the ask was answered', () => {
    holds((steps) => {
      const taken = effectsOf(steps).filter(({ type }) => type === 'take')
      const last = steps.at(-1)?.after
      expect(taken.length).toBeLessThanOrEqual(1)
      if (taken.length > 0) expect(last).toMatchObject({ status: 'answered' })
    })
  })

  test('S42 no answer concludes the ask after its deadline', () => {
    holds((steps) => {
      for (const { now, effects } of steps) {
        const answered = effects.some((effect) => effect.type === 'conclude' && effect.status === 'answered')
        if (answered) expect(now).toBeLessThan(expiresAt)
      }
    })
  })

  test('nothing is judged that cannot count any more, or before the engine keeps the ask', () => {
    holds((steps) => {
      for (const { now, before, input, effects } of steps) {
        if (!effects.some(({ type }) => type === 'judge')) continue
        expect(now).toBeLessThan(expiresAt)
        expect(before.name === 'opening' && input.type !== 'opened').toBe(false)
      }
    })
  })
})
