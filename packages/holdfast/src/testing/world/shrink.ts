import type { Schedule, Step } from './schedule.ts'

/** Whether a schedule still breaks the promise that is looked into. */
export type Fails = (schedule: Schedule) => Promise<boolean>

/** So many worlds at most are lived through for one shrinking. */
const maxTrials = 2_000

/**
 * Makes a failing schedule small: takes out chunks of steps, halves of what is left down to single ones, until nothing can be taken
 * out any more; then takes out clients and makes times and counts simple. What is returned still fails.
 */
export async function shrink(schedule: Schedule, fails: Fails): Promise<Schedule> {
  let trials = 0
  const failsStill: Fails = async (candidate) => trials++ < maxTrials && (await fails(candidate))
  let smallest = schedule
  for (;;) {
    const before = JSON.stringify(smallest)
    smallest = await dropSteps(smallest, failsStill)
    smallest = await firstThatFails(smallest, simplerSettings, failsStill)
    smallest = await firstThatFails(smallest, simplerSteps, failsStill)
    if (JSON.stringify(smallest) === before || trials >= maxTrials) return smallest
  }
}

async function dropSteps(schedule: Schedule, fails: Fails): Promise<Schedule> {
  let smallest = schedule
  for (let size = Math.ceil(schedule.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < smallest.steps.length;) {
      const candidate = { ...smallest, steps: smallest.steps.toSpliced(start, size) }
      if (await fails(candidate)) smallest = candidate
      else start += size
    }
  }
  return smallest
}

/** Takes each simpler schedule that still fails, until there is none. */
async function firstThatFails(
  schedule: Schedule,
  simpler: (schedule: Schedule) => Iterable<Schedule>,
  fails: Fails,
): Promise<Schedule> {
  let smallest = schedule
  for (let found = true; found;) {
    found = false
    for (const candidate of simpler(smallest)) {
      if (!(await fails(candidate))) continue
      smallest = candidate
      found = true
      break
    }
  }
  return smallest
}

function* simplerSettings({ settings, ...rest }: Schedule): Iterable<Schedule> {
  const plain: Partial<typeof settings> = {
    network: {},
    authorizingMs: 0,
    engineMs: 0,
    concludingMs: 0,
    lastingAsks: false,
    asksAgain: false,
    tokenLifeMs: null,
    quietMs: 0,
    outboxOperations: 1_000,
    maxOpenOperations: 1_024,
    retainedMessages: 1_000,
  }
  for (const [name, value] of Object.entries(plain)) {
    const simpler = { ...rest, settings: { ...settings, [name]: value } }
    if (JSON.stringify(simpler.settings) !== JSON.stringify(settings)) yield simpler
  }
  const clients = settings.clients.slice(0, -1)
  if (clients.length > 0) yield { ...rest, settings: { ...settings, clients } }
  for (const [place, { over, user }] of settings.clients.entries()) {
    for (const name of over.length > 1 ? over : [])
      yield {
        ...rest,
        settings: { ...settings, clients: settings.clients.with(place, { over: [name], user }) },
      }
  }
}

/** Numbers that a step may do without or with less of. */
const reducible = new Set([
  'count',
  'ms',
  'takesMs',
  'judgedMs',
  'abortAfterMs',
  'leavesAfterMs',
  'downMs',
  'drainMs',
])

function* simplerSteps(schedule: Schedule): Iterable<Schedule> {
  const { steps } = schedule
  const replaced = (place: number, step: Step): Schedule => ({ ...schedule, steps: steps.with(place, step) })
  for (const [place, step] of steps.entries()) {
    const earliest = steps[place - 1]?.at ?? 0
    for (const at of [earliest, roundDown(step.at)]) {
      if (at >= earliest && at < step.at) yield replaced(place, { ...step, at })
    }
    for (const [name, value] of Object.entries(step)) {
      if (!reducible.has(name) || typeof value !== 'number') continue
      for (const less of [0, 1, roundDown(value)]) {
        if (less < value && (name !== 'count' || less > 0)) yield replaced(place, { ...step, [name]: less })
      }
    }
    if ('iterator' in step) {
      const { iterator: _, ...handled } = step
      yield replaced(place, handled)
    }
  }
}

/** To one digit: 29,958 becomes 20,000. */
function roundDown(value: number): number {
  const unit = 10 ** Math.max(Math.floor(Math.log10(Math.max(value, 1))), 0)
  return Math.floor(value / unit) * unit
}
