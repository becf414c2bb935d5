import {
  refusals,
  type AnswerRefusal,
  type AskEffect,
  type AskInput,
  type AskState,
  type HeldAnswer,
} from './state.ts'

interface Step {
  readonly state: AskState
  readonly effects: readonly AskEffect[]
}

type Unconcluded = Exclude<AskState, { name: 'ended' | 'failed' }>
type Conclude = Extract<AskEffect, { type: 'conclude' }>

/** An engine that failed is asked again after this. */
const retryMs = 1_000

/** The only place where an ask's state changes. Pure: the driver interprets the effects. */
export function stepAsk(state: AskState, input: AskInput, { now }: { readonly now: number }): Step {
  if (state.name === 'ended' || state.name === 'failed') {
    const code = state.name === 'ended' ? refusals[state.status] : 'engine_failed'
    return { state, effects: input.type === 'answered' ? [refuse(input.answer, code)] : [] }
  }
  switch (input.type) {
    case 'opened':
      return state.name === 'opening' ? open(state, now) : { state, effects: [] }
    case 'answered':
      return receive(state, input.answer, now)
    case 'joined':
      return attend({ ...state, cancelled: false, attended: true }, now)
    case 'passed': {
      const answers = state.answers.map((held): HeldAnswer => {
        return held.answer === input.answer ? { ...held, stage: 'passed' } : held
      })
      return conclude({ ...state, answers }, now)
    }
    case 'dropped':
      return { state: drop(state, input.answer), effects: [] }
    case 'cancelled':
      return conclude({ ...state, cancelled: true }, now)
    case 'ticked':
      return conclude(state, now)
    case 'concluded': {
      const results = state.answers.map(({ answer }): AskEffect => {
        return input.answers.includes(answer)
          ? { type: 'take', answer }
          : refuse(answer, refusals[input.status])
      })
      return { state: { name: 'ended', status: input.status }, effects: [{ type: 'end' }, ...results] }
    }
    case 'failed':
      return fail(state, now)
  }
}

function open(state: Unconcluded, now: number): Step {
  const { state: opened, effects } = conclude({ ...state, name: 'open', retryAt: null }, now)
  const attended = attend(opened, now)
  return { state: attended.state, effects: [...effects, ...attended.effects] }
}

function receive(state: Unconcluded, answer: number, now: number): Step {
  const judged = isJudging(state, now)
  const held: HeldAnswer = { answer, stage: judged ? 'judging' : 'waiting' }
  const { state: next, effects } = conclude({ ...state, answers: [...state.answers, held] }, now)
  return { state: next, effects: judged ? [...effects, { type: 'judge', answer }] : effects }
}

function attend(state: Unconcluded, now: number): Step {
  if (!isJudging(state, now)) return { state, effects: [] }
  const waiting = state.answers.filter(({ stage }) => stage === 'waiting')
  const answers = state.answers.map((held): HeldAnswer => {
    return held.stage === 'waiting' ? { ...held, stage: 'judging' } : held
  })
  return {
    state: { ...state, answers },
    effects: waiting.map(({ answer }) => ({ type: 'judge', answer })),
  }
}

/** What the engine decides on is no longer its sender's. */
function drop(state: Unconcluded, answer: number): Unconcluded {
  if (state.name === 'concluding' && state.answer === answer) return state
  return { ...state, answers: without(state.answers, answer) }
}

/** Starts what ends the ask, if anything does and nothing is under way. The deadline counts more than any answer [R65]. */
function conclude(state: Unconcluded, now: number): { state: Unconcluded; effects: readonly AskEffect[] } {
  if (state.name !== 'open' || (state.retryAt !== null && now < state.retryAt)) return { state, effects: [] }
  const passed = state.answers.find(({ stage }) => stage === 'passed')
  if (isDue(state, now)) return concluding(state, { type: 'conclude', status: 'expired' })
  if (passed) return concluding(state, { type: 'conclude', status: 'answered', answer: passed.answer })
  if (state.cancelled) return concluding(state, { type: 'conclude', status: 'cancelled' })
  return { state: state.retryAt === null ? state : { ...state, retryAt: null }, effects: [] }
}

function concluding({ expiresAt, attended, answers, cancelled }: Unconcluded, effect: Conclude) {
  const answer = effect.status === 'answered' ? effect.answer : null
  const state: Unconcluded = { name: 'concluding', expiresAt, attended, answers, cancelled, answer }
  return { state, effects: [effect] }
}

/** Answers are refused, so that their senders decide; what nobody else would try again is tried again. */
function fail(state: Unconcluded, now: number): Step {
  if (state.name === 'open') return { state, effects: [] }
  if (state.name === 'opening') {
    const refused = state.answers.map(({ answer }) => refuse(answer, 'engine_failed'))
    return { state: { name: 'failed' }, effects: refused }
  }
  const { expiresAt, attended, answers, cancelled, answer } = state
  const rest = answer === null ? answers : without(answers, answer)
  return {
    state: { name: 'open', expiresAt, attended, answers: rest, cancelled, retryAt: now + retryMs },
    effects: answer === null ? [] : [refuse(answer, 'engine_failed')],
  }
}

/** An answer after the deadline is not even judged. */
const isJudging = (state: Unconcluded, now: number): boolean =>
  state.attended && state.name !== 'opening' && !isDue(state, now)

const isDue = ({ expiresAt }: Unconcluded, now: number): boolean => expiresAt !== null && now >= expiresAt

const without = (answers: readonly HeldAnswer[], answer: number): HeldAnswer[] =>
  answers.filter((held) => held.answer !== answer)

const refuse = (answer: number, code: AnswerRefusal): AskEffect => ({ type: 'refuse', answer, code })
