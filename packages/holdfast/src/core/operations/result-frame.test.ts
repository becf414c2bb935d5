import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../wire/error-codes.ts'
import { errorTable } from '../wire/error-table.ts'
import { HoldfastError, rejection } from '../wire/errors.ts'
import type { ResultFrame } from '../wire/frames.ts'
import { decodeHubFrame } from '../wire/hub-frames.ts'
import { errorResult, replyError, returnedResult, thrownResult, valueResult } from './result-frame.ts'

/** The frame as the other side decodes it. */
function arrived(text: string): ResultFrame {
  const frame = decodeHubFrame(text)
  if (typeof frame === 'object' && frame?.type === 'result') return frame
  throw new Error(`no result: ${text.slice(0, 200)}`)
}

const maxBytes = 65_536

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

describe('what a handler returned', () => {
  test.each([null, 0, '', false, { a: [1] }])('%j is the value of the result', (value) => {
    expect(arrived(valueResult(1, value))).toEqual({ type: 'result', number: 1, value })
    expect(returnedResult(1, value, maxBytes)).toEqual({ text: valueResult(1, value), defect: null })
  })

  test('nothing is null', () => {
    const { text, defect } = returnedResult(1, undefined, maxBytes)
    expect(arrived(text)).toEqual({ type: 'result', number: 1, value: null })
    expect(defect).toBeNull()
  })

  test('what JSON would alter fails the request and is reported on this side', () => {
    const { text, defect } = returnedResult(1, { at: new Date(0) }, maxBytes)
    expect(arrived(text).error).toMatchObject({ code: 'handler_failed' })
    expect(defect).toEqual(expect.objectContaining({ message: 'JSON would alter reply.at.' }))
  })

  test('a reply that the other side does not take fails the request and is reported', () => {
    const { text, defect } = returnedResult(1, 'é'.repeat(maxBytes / 2), maxBytes)
    expect(arrived(text).error).toMatchObject({ code: 'message_too_large' })
    expect(defect).toMatchObject({ code: 'message_too_large' })
  })

  test('[R4] is nested as deep as its frame allows, or reported', () => {
    expect(arrived(returnedResult(1, nested(63), maxBytes).text).value).toEqual(nested(63))
    expect(returnedResult(1, nested(64), maxBytes).defect).toBeInstanceOf(HoldfastError)
  })
})

describe('what a handler threw', () => {
  test('a rejection travels with message, reason and data', () => {
    const { text, defect } = thrownResult(
      7,
      rejection('name_taken', 'The name is taken.', { by: 'Ada' }),
      maxBytes,
    )
    const error = {
      code: 'rejected',
      message: 'The name is taken.',
      reason: 'name_taken',
      data: { by: 'Ada' },
    }
    expect(arrived(text)).toEqual({ type: 'result', number: 7, error })
    expect(defect).toBeNull()
  })

  test.each([new Error('secret'), 'secret', null, undefined, new HoldfastError('forbidden', 'secret')])(
    'nothing of %s leaves this side',
    (thrown) => {
      const { text, defect } = thrownResult(7, thrown, maxBytes)
      expect(arrived(text).error?.code).toBe('handler_failed')
      expect(text).not.toContain('secret')
      expect(defect).toBe(thrown)
    },
  )

  test('a rejection whose data JSON would alter is reported', () => {
    const { text, defect } = thrownResult(7, rejection('r', 'm', { at: NaN }), maxBytes)
    expect(arrived(text).error?.code).toBe('handler_failed')
    expect(defect).toEqual(expect.objectContaining({ message: 'JSON would alter data.at.' }))
  })

  test('[R4] the data of a rejection is nested as deep as its frame allows, or reported', () => {
    expect(arrived(thrownResult(7, rejection('r', 'm', nested(62)), maxBytes).text).error?.data).toEqual(
      nested(62),
    )
    expect(thrownResult(7, rejection('r', 'm', nested(63)), maxBytes).defect).toBeInstanceOf(HoldfastError)
  })

  test('a reason that is no text stays behind, so that the frame is sound', () => {
    const thrown = Object.assign(new Error('m'), { code: 'rejected', reason: 5 })
    expect(arrived(thrownResult(7, thrown, maxBytes).text).error).toEqual({ code: 'rejected', message: 'm' })
  })
})

describe('what the producer gets', () => {
  test('the error with outcome `replied`', () => {
    const error = { code: 'rejected', message: 'm', reason: 'r', data: [1] } as const
    expect(replyError(error)).toMatchObject({ ...error, outcome: 'replied', retry: false })
  })

  test.each(['engine_failed', 'forbidden', 'timeout'] satisfies ErrorCode[])(
    '%s says of a retry what the table says',
    (code) => {
      const { error = { code: 'closed', message: '' } } = arrived(errorResult(1, code, 'm'))
      expect(replyError(error).retry).toBe(errorTable[code].retry)
    },
  )
})
