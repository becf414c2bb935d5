import { expect, test } from 'vitest'
import { generate } from './generate.ts'
import type { Schedule } from './schedule.ts'
import { shrink } from './shrink.ts'

/** A long schedule of several clients. */
function longSchedule(): Schedule {
  for (let seed = 1; ; seed++) {
    const schedule = generate(seed)
    const { clients } = schedule.settings
    if (schedule.steps.length > 40 && clients.length > 2 && count(schedule, 'publish') > 2) return schedule
  }
}

const count = ({ steps }: Schedule, kind: string): number => steps.filter((step) => step.do === kind).length

test('takes out whatever does not matter, and what is left still fails', async () => {
  const fails = async (schedule: Schedule): Promise<boolean> => count(schedule, 'publish') >= 2
  const { settings, steps } = await shrink(longSchedule(), fails)
  expect(steps.map((step) => step.do)).toEqual(['publish', 'publish'])
  expect(settings.clients).toHaveLength(1)
  expect(settings.network).toEqual({})
  expect(steps.map(({ at }) => at)).toEqual([0, 0])
})

test('keeps the order, and what depends on a time', async () => {
  const long = longSchedule()
  const { at } = long.steps.at(-1) ?? { at: 0 }
  const smallest = await shrink(long, async ({ steps }) => (steps.at(-1)?.at ?? 0) >= at / 2)
  expect(smallest.steps).toHaveLength(1)
  expect(smallest.steps[0]?.at).toBeGreaterThanOrEqual(at / 2)
})

test('ends where everything fails, and where nothing smaller does', async () => {
  const schedule = longSchedule()
  expect((await shrink(schedule, async () => true)).steps).toEqual([])
  const whole = JSON.stringify(schedule)
  expect(await shrink(schedule, async (other) => JSON.stringify(other) === whole)).toEqual(schedule)
})
