import type { Timed } from '../../core/time/timekeeper.ts'
import { rejection } from '../../core/wire/errors.ts'
import type { AskParts } from '../hub-parts.ts'
import type { AskOptions } from './ask.ts'
import type { AnswerVerdict, OfferedAnswer } from './offered-answer.ts'

type Validate = NonNullable<AskOptions['validate']>

const refused: AnswerVerdict = {
  kind: 'thrown',
  thrown: rejection('answer_refused', 'The answer was refused.'),
}

/** Asks the application whether it takes an answer: null if it does. Never rejects. */
export function judge(
  { env, settings, timekeeper }: AskParts,
  validate: (...parameters: Parameters<Validate>) => unknown,
  { offer, signal }: OfferedAnswer,
): Promise<AnswerVerdict | null> {
  return new Promise((resolve) => {
    const late: AnswerVerdict = { kind: 'refused', code: 'timeout' }
    const finish = (verdict: AnswerVerdict | null): void => {
      timekeeper.set(deadline, null)
      signal.removeEventListener('abort', settled)
      resolve(verdict)
    }
    const settled = (): void => finish(null)
    const deadline: Timed = { tick: () => finish(late) }
    timekeeper.set(deadline, env.now() + settings.timeouts.validateMs)
    signal.addEventListener('abort', settled)
    const verdict = async (): Promise<unknown> =>
      await validate(offer.data, { session: offer.session.info, signal })
    verdict().then(
      (taken) => finish(taken === true ? null : refused),
      (thrown: unknown) => finish({ kind: 'thrown', thrown }),
    )
  })
}
