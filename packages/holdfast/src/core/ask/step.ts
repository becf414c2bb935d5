import type { AnswerRefusal, AskEffect, AskEnd, AskInput, AskState, HeldAnswer } from './state.ts'

interface Step {
  readonly state: AskState
  readonly effects: readonly AskEffect[]
}

type Pending = Exclude<AskState, { name: 'ended' }>

/** An engine that failed is asked again after this. */
const retryMs = 1_000

const refusals: Readonly<Record<AskEnd, AnswerRefusal>> = {
  answered: 'already_answered',
  cancelled: 'ask_cancelled',
  expired: 'ask_expired',
}

/** The only place where an ask's state changes. Pure: the driver interprets the effects. */
export function stepAsk(state: AskState, input: AskInput, { now }: { readonly now: number }): Step {
  if (state.name === 'ended') {
    return { state, effects: input.type === 'answered' ? [refusal(input.answer, state.status)] : [] }
  }
  switch (input.type) {
    case 'opened':
      return state.name === 'opening' ? open(state, now) : { state, effects: [] }
    case 'answered':
      return receive(state, input.answer, now)
    case 'joined':
      return attend({ ...state, cancelled: false, attended: state.attended || input.attends }, now)
    case 'passed': {
      const passed = { answer: input.answer, stage: 'passed' } as const
      return conclude(withAnswers(state, replaced(state.answers, passed)), now)
    }
    case 'dropped':
      return { state: withAnswers(state, without(state.answers, input.answer)), effects: [] }
    case 'cancelled':
      return conclude({ ...state, cancelled: true }, now)
    case 'ticked':
      return conclude(state, now)
    case 'concluded':
      return end(state, input.status, input.answer)
    case 'failed':
      return fail(state, input.answer, now)
  }
}

function open(state: Pending, now: number): Step {
  const { state: opened, effects } = conclude({ ...state, name: 'open', retryAt: null }, now)
  if (opened.name === 'ended') return { state: opened, effects }
  const attended = attend(opened, now)
  return { state: attended.state, effects: [...effects, ...attended.effects] }
}

function receive(state: Pending, answer: number, now: number): Step {
  const judged = state.attended && isJudging(state, now)
  const held: HeldAnswer = { answer, stage: judged ? 'judging' : 'waiting' }
  const { state: next, effects } = conclude(withAnswers(state, [...state.answers, held]), now)
  return { state: next, effects: judged ? [...effects, { type: 'judge', answer }] : effects }
}

function attend(state: Pending, now: number): Step {
  if (!state.attended || !isJudging(state, now)) return { state, effects: [] }
  const waiting = state.answers.filter(({ stage }) => stage === 'waiting')
  const answers = state.answers.map((held): HeldAnswer => {
    return held.stage === 'waiting' ? { ...held, stage: 'judging' } : held
  })
  return {
    state: withAnswers(state, answers),
    effects: waiting.map(({ answer }) => ({ type: 'judge', answer })),
  }
}

/** Starts what ends the ask, if anything does and nothing is under way. The deadline counts more than any answer [R65]. */
function conclude(state: Pending, now: number): Step {
  if (state.name !== 'open' || (state.retryAt !== null && now < state.retryAt)) return { state, effects: [] }
  const passed = state.answers.find(({ stage }) => stage === 'passed')
  if (isDue(state, now)) return concluding(state, 'expired', null)
  if (passed) return concluding(state, 'answered', passed.answer)
  if (state.cancelled) return concluding(state, 'cancelled', null)
  return { state: state.retryAt === null ? state : { ...state, retryAt: null }, effects: [] }
}

function concluding(
  { expiresAt, attended, answers, cancelled }: Pending,
  status: AskEnd,
  answer: number | null,
): Step {
  return {
    state: { name: 'concluding', expiresAt, attended, answers, cancelled },
    effects: [{ type: 'conclude', status, answer }],
  }
}

function end(state: Pending, status: AskEnd, winner: number | null): Step {
  const results = state.answers.map(({ answer }): AskEffect =>
    answer === winner ? { type: 'take', answer } : refusal(answer, status),
  )
  return { state: { name: 'ended', status }, effects: [{ type: 'end' }, ...results] }
}

/** Answers are refused, so that their senders decide; what nobody else would try again is tried again. */
function fail(state: Pending, answer: number | null, now: number): Step {
  const { name, answers } = state
  if (name === 'open') return { state, effects: [] }
  const concerned = name === 'opening' ? answers : answers.filter((held) => held.answer === answer)
  const effects = concerned.map((held): AskEffect => ({
    type: 'refuse',
    answer: held.answer,
    code: 'engine_failed',
  }))
  if (name === 'opening') return { state: { name: 'ended', status: 'cancelled' }, effects }
  const rest = without(answers, answer)
  return { state: { ...state, answers: rest, name: 'open', retryAt: now + retryMs }, effects }
}

/** An answer after the deadline is not even judged. */
const isJudging = (state: Pending, now: number): boolean => state.name !== 'opening' && !isDue(state, now)

const isDue = ({ expiresAt }: Pending, now: number): boolean => expiresAt !== null && now >= expiresAt

const withAnswers = (state: Pending, answers: readonly HeldAnswer[]): Pending => ({ ...state, answers })

const without = (answers: readonly HeldAnswer[], answer: number | null): HeldAnswer[] =>
  answers.filter((held) => held.answer !== answer)

/** One that was dropped meanwhile is not taken back in. */
const replaced = (answers: readonly HeldAnswer[], by: HeldAnswer): HeldAnswer[] =>
  answers.map((held) => (held.answer === by.answer ? by : held))

const refusal = (answer: number, status: AskEnd): AskEffect => ({
  type: 'refuse',
  answer,
  code: refusals[status],
})
