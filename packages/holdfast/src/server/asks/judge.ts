import { rejection } from '../../core/wire/errors.ts'
import type { AskOptions } from './ask.ts'
import type { AnswerVerdict, OfferedAnswer } from './offered-answer.ts'

type Validate = NonNullable<AskOptions['validate']>

const refused: AnswerVerdict = {
  kind: 'thrown',
  thrown: rejection('answer_refused', 'The answer was refused.'),
}

/** Asks the application whether it takes an answer: null if it does. Never rejects. */
export async function judge(
  validate: (...parameters: Parameters<Validate>) => unknown,
  { offer, signal }: OfferedAnswer,
): Promise<AnswerVerdict | null> {
  // In a turn of its own: what it calls may end the session that answers.
  await Promise.resolve()
  try {
    const taken = await validate(offer.data, { session: offer.session.info, signal })
    return taken === true ? null : refused
  } catch (thrown) {
    return { kind: 'thrown', thrown }
  }
}
