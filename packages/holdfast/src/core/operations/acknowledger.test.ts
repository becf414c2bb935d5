import { expect, test } from 'vitest'
import { Acknowledger } from './acknowledger.ts'

test('[R21] results are gathered and acknowledged as ranges, in whatever order they came', () => {
  const acknowledger = new Acknowledger()
  for (const number of [3, 1, 2, 7]) acknowledger.note(number, 1)
  expect(acknowledger.count).toBe(4)
  expect(JSON.stringify(acknowledger.take())).toBe('[[1,3],[7,7]]')
  expect([acknowledger.count, acknowledger.due]).toEqual([0, false])
})

test('[R21] a result that came twice is acknowledged once, so that the ranges ascend', () => {
  const acknowledger = new Acknowledger()
  for (const number of [5, 5, 6]) acknowledger.note(number, 1)
  expect(JSON.stringify(acknowledger.take())).toBe('[[5,6]]')
})

test('[R21] an acknowledgement is due after many results, or after large ones', () => {
  const acknowledger = new Acknowledger()
  for (let number = 1; number <= 31; number++) acknowledger.note(number, 1)
  expect(acknowledger.due).toBe(false)
  acknowledger.note(32, 1)
  expect(acknowledger.due).toBe(true)
  acknowledger.take()
  acknowledger.note(33, 16_384)
  expect(acknowledger.due).toBe(true)
})

test('[R21] after a resume only what the summary did not tell is left to acknowledge', () => {
  const acknowledger = new Acknowledger()
  acknowledger.note(1, 100_000)
  acknowledger.summarized()
  acknowledger.note(2, 1)
  acknowledger.forgetTold()
  expect([acknowledger.count, acknowledger.due, acknowledger.take()]).toEqual([1, false, [[2, 2]]])
})

test('[R21] what was acknowledged after the summary is not left either', () => {
  const acknowledger = new Acknowledger()
  acknowledger.note(1, 1)
  acknowledger.summarized()
  acknowledger.take()
  acknowledger.note(2, 1)
  acknowledger.forgetTold()
  expect(acknowledger.take()).toEqual([[2, 2]])
})
