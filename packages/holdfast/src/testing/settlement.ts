import { HoldfastError } from '../core/wire/errors.ts'

/** What became of a promise so far. */
export interface Settlement<Value> {
  readonly state: 'pending' | 'resolved' | 'rejected'
  readonly value: Value | undefined
  /** The code and outcome of the error. */
  readonly code: string | undefined
  readonly outcome: string | undefined
  readonly error: unknown
}

export function watchSettlement<Value>(promise: Promise<Value>): Settlement<Value> {
  const settlement = {
    state: 'pending' as Settlement<Value>['state'],
    value: undefined as Value | undefined,
    code: undefined as string | undefined,
    outcome: undefined as string | undefined,
    error: undefined as unknown,
  }
  promise.then(
    (value) => Object.assign(settlement, { state: 'resolved', value }),
    (error: unknown) => {
      const { code, outcome } =
        error instanceof HoldfastError ? error : { code: undefined, outcome: undefined }
      Object.assign(settlement, { state: 'rejected', error, code, outcome })
    },
  )
  return settlement
}
