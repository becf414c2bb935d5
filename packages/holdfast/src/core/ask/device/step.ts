import type { ErrorCode } from '../../wire/error-codes.ts'
import type { HoldfastError } from '../../wire/errors.ts'
import type { Answerer, ConcludedStatus } from '../../wire/frames.ts'

/** What the hub told of an ask's end. */
export interface ToldConclusion {
  readonly status: ConcludedStatus
  /** With `answered`. */
  readonly by: Answerer | null
  /** It was answered over a session of this client, the present one or an earlier one. */
  readonly own: boolean
}

/**
 * An ask as a device sees it:
 *
 *     pending ── answered ──▶ sending ── taken ──▶ accepted
 *        │                    ▲  │ └── failed, and it is over ─┐
 *        │           answered │  │ failed                      ▼
 *        │                    │  ▼               ┌──▶ answered_elsewhere | cancelled | expired | unknown
 *        │                   refused             │
 *        └─────────────────────┴── concluded ────┘
 *     pending, refused ── concluded, by an answer of this client ──▶ accepted
 *     answered_elsewhere, by nobody named ── concluded, by an answer of this client ──▶ accepted
 *     pending, sending, refused ── forgotten ──▶ unknown
 *
 * While an answer is on its way a conclusion is only remembered: it comes before the answer's result [R67], and may be
 * about this very answer. The result decides where it says how the ask ended. The conclusion decides where the result says
 * nothing of that, because the hub refused the answer for another reason or the caller gave up, and where the hub does
 * not know the ask. `unknown` too is only remembered: after a restart of the hub the ask may be asked again before the
 * answer arrives there, and if it is, what was remembered is about an earlier life of the ask, and forgotten.
 *
 * An ask that is over stays over: the same id asked again is a new ask [R64]. But the result may say that it was answered before
 * the conclusion says by whom, and that may be an earlier answer of this client, of which nobody knew what became of it.
 */
export type DeviceAskState =
  | { readonly name: 'pending' }
  | { readonly name: 'sending'; readonly conclusion: ToldConclusion | null }
  | { readonly name: 'refused'; readonly error: HoldfastError }
  | { readonly name: 'accepted'; readonly by: Answerer | null }
  | { readonly name: 'answered_elsewhere'; readonly by: Answerer | null }
  | { readonly name: 'cancelled' }
  | { readonly name: 'expired' }
  | { readonly name: 'unknown' }

type Named<Name extends DeviceAskState['name']> = Extract<DeviceAskState, { name: Name }>
type Over = Exclude<DeviceAskState, Named<'pending' | 'sending' | 'refused'>>

export type DeviceAskInput =
  /** The hub asks what it has asked already. */
  | { readonly type: 'asked' }
  /** The application gave its answer. */
  | { readonly type: 'answered' }
  /** The hub took the answer. */
  | { readonly type: 'taken' }
  /** The hub did not take the answer, or nobody knows. */
  | { readonly type: 'failed'; readonly error: HoldfastError }
  | ({ readonly type: 'concluded' } & ToldConclusion)
  /** Nothing more will be heard of it: the user changed [R70], or the client is closed. */
  | { readonly type: 'forgotten' }

/** The only place where a device's view of an ask changes. The very same state: nothing has changed. */
export function stepDeviceAsk(state: DeviceAskState, input: DeviceAskInput): DeviceAskState {
  if (isOver(state)) return stepOver(state, input)
  if (input.type === 'forgotten') return { name: 'unknown' }
  if (state.name === 'sending') return stepSending(state, input)
  if (input.type === 'answered') return { name: 'sending', conclusion: null }
  return input.type === 'concluded' ? ended(input) : state
}

export const isOver = (state: DeviceAskState): state is Over =>
  state.name !== 'pending' && state.name !== 'sending' && state.name !== 'refused'

/** The hub still waits, for all this device knows. */
export const isOpen = (state: DeviceAskState): boolean =>
  state.name === 'sending' ? state.conclusion === null : !isOver(state)

/** What an answer is refused with in the caller's hands, or null. */
export function answerRefusal(state: DeviceAskState): ErrorCode | null {
  switch (state.name) {
    case 'pending':
    case 'refused':
      return null
    case 'cancelled':
    case 'expired':
    case 'unknown':
      return `ask_${state.name}`
    default:
      return 'already_answered'
  }
}

/** Who answered may be told after the result that ended it. */
function stepOver(state: Over, input: DeviceAskInput): DeviceAskState {
  const lacksAnswerer = 'by' in state && state.by === null
  if (!lacksAnswerer || input.type !== 'concluded' || !input.by) return state
  return input.own ? ended(input) : { ...state, by: input.by }
}

function stepSending(state: Named<'sending'>, input: DeviceAskInput): DeviceAskState {
  const { conclusion } = state
  switch (input.type) {
    case 'asked':
      return conclusion ? { name: 'sending', conclusion: null } : state
    case 'concluded':
      return { name: 'sending', conclusion: input }
    case 'taken':
      return { name: 'accepted', by: conclusion?.by ?? null }
    case 'failed':
      return failed(conclusion, input.error)
    default:
      return state
  }
}

/** What an answer's error says of the ask. */
const statuses: { readonly [Code in ErrorCode]?: ConcludedStatus } = {
  already_answered: 'answered',
  ask_cancelled: 'cancelled',
  ask_expired: 'expired',
  ask_unknown: 'unknown',
}

function failed(conclusion: ToldConclusion | null, error: HoldfastError): DeviceAskState {
  const status = statuses[error.code] ?? null
  const decided = status !== null && status !== 'unknown' && status !== conclusion?.status
  if (conclusion && !decided) return ended(conclusion)
  return status ? ended({ status, by: null, own: false }) : { name: 'refused', error }
}

function ended({ status, by, own }: ToldConclusion): Over {
  if (status !== 'answered') return { name: status }
  return { name: own ? 'accepted' : 'answered_elsewhere', by }
}
