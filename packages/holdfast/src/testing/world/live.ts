import { actions } from './actions.ts'
import { calm, faults } from './faults.ts'
import type { Device } from './device.ts'
import type { Violation } from './oracle/violation.ts'
import type { VirtualLoop } from '../virtual-loop.ts'
import type { Action, Schedule, Step } from './schedule.ts'
import { Trace } from './trace.ts'
import { World } from './world.ts'

/** By then everything has to be in order again: the longest backoff, a silence that is judged, three transports, slow iterators. */
const patienceMs = 400_000
/** By then a link whose packets vanish was found out, and another one took its place. */
const silenceMs = 120_000
const last = 'the last message'

/** A violation was found: nothing that follows would tell more. */
class Broken extends Error {}

/** Lives through a schedule to the end, or to the first promise that is not kept; returns what went wrong. */
export async function live(schedule: Schedule): Promise<readonly Violation[]> {
  return await judge(new World(schedule), schedule, null)
}

/** As `live`, and tells all that happened, to be read. */
export async function trace(schedule: Schedule): Promise<{ violations: readonly Violation[]; text: string }> {
  const world = new World(schedule)
  const told = new Trace(world.pair.clock, () => world.pair.clients)
  world.tracedBy(told)
  const violations = await judge(world, schedule, told)
  for (const { promise, client, what } of violations)
    told.tell(client === null ? 'world' : `client ${client}`, `VIOLATION of ${promise}: ${what}`)
  return { violations, text: told.text() }
}

async function judge(world: World, schedule: Schedule, told: Trace | null): Promise<readonly Violation[]> {
  const { oracle, pair } = world
  pair.clock.watch(() => {
    oracle.checkEvent()
    if (oracle.violations.length > 0) throw new Broken()
  })
  try {
    await act(world, schedule, told)
    told?.tell('world', 'the faults stop')
    await recover(world)
    told?.tell('world', 'the last message, and the end')
    await conclude(world)
  } catch (error) {
    if (!(error instanceof Broken)) oracle.reportOf('crash')(null, String((error as Error).stack ?? error))
  }
  return oracle.violations
}

async function act(world: World, { settings, steps }: Schedule, told: Trace | null): Promise<void> {
  const { clock } = world.pair
  for (const client of settings.clients) world.connect(client)
  for (const step of steps) {
    if (step.at > clock.now) await clock.advance(step.at - clock.now)
    told?.tell('world', JSON.stringify(step))
    perform(world, step)
    check(world)
  }
  await clock.settle()
}

/** What an application does it can only do while its process runs. */
function perform(world: World, step: Step): void {
  if (!isAction(step)) {
    const happen = faults[step.do] as (world: World, step: Step) => void
    return happen(world, step)
  }
  const act = actions[step.do] as (world: World, step: Step) => void
  const loop = processOf(world, step)
  if (loop && loop.stalledUntil > loop.now()) loop.io(() => act(world, step))
  else act(world, step)
}

const isAction = (step: Step): step is Step & Action => step.do in actions

/** Whose application it is; null: there is none. */
function processOf({ pair, devices, hubState }: World, step: Action): VirtualLoop | null {
  if ('client' in step) return devices[step.client]?.pairClient.loop ?? null
  return hubState === 'down' ? null : pair.hubLoop
}

function check(world: World): void {
  world.oracle.checkStep()
  if (world.oracle.violations.length > 0) throw new Broken()
}

/** The faults stop: everybody is live again, and everything settles. */
async function recover(world: World): Promise<void> {
  const { clock } = world.pair
  calm(world)
  await clock.settle()
  const { oracle } = world
  const end = clock.now + patienceMs
  const inOrder = (): boolean =>
    world.hubState === 'running' &&
    world.hubHasLoaded &&
    world.pair.hubLoop.stalledUntil < clock.now &&
    !oracle.operations.pending &&
    world.devices.every((device) => device.over || device.inOrder)
  if (!(await clock.reaches(inOrder, end - clock.now))) {
    if (!world.hubHasLoaded) oracle.reportOf('ending')(null, 'the hub never learned which asks are kept')
    oracle.operations.reportPending()
    for (const device of world.devices) {
      if (!device.over && !device.inOrder)
        oracle.reportOf('ending')(
          device.index,
          `is ${device.client.state} with ${device.client.pending} pending`,
        )
    }
  }
  check(world)
  await agree(world)
  await answerAll(world)
  await rest(world)
}

/** The hub and each device agree on who subscribes to what. */
async function agree(world: World): Promise<void> {
  const { oracle, pair } = world
  const unwanted = (): readonly Device[] => world.devices.filter((device) => subscribesUnasked(world, device))
  await pair.clock.reaches(() => unwanted().length === 0, silenceMs)
  for (const { index } of unwanted())
    oracle.reportOf('subscriptions')(index, 'has subscriptions at the hub that it does not want')
  check(world)
}

function subscribesUnasked({ pair }: World, { client }: Device): boolean {
  const { topics } = client.stats()
  return [...pair.hubCore.links].some(
    ({ session, bound, subscriptions }) =>
      bound && session?.id === client.session && subscriptions.count > topics,
  )
}

/** Each device answers what it is asked; what nobody is there for is withdrawn. */
async function answerAll(world: World): Promise<void> {
  const { oracle, pair } = world
  await pair.clock.reaches(() => untold(world).length + stale(world).length === 0, silenceMs)
  for (const { device, payload } of untold(world))
    oracle.reportOf('asks')(device.index, `was never told of ${String(payload)}`)
  for (const { device, payload } of stale(world))
    oracle.reportOf('asks')(device.index, `still shows ${String(payload)}, which has ended`)
  check(world)
  for (const device of world.devices) {
    for (const [place, ask] of device.answerable.entries())
      world.answer(device, ask, `last ${device.index} ${place}`)
  }
  if (!(await pair.clock.reaches(() => !oracle.asks.pending, silenceMs))) {
    oracle.asks.withdraw()
    if (!(await pair.clock.reaches(() => !oracle.asks.pending, silenceMs))) oracle.asks.reportPending()
  }
  // Whoever asked in an earlier life of the hub does not come back.
  for (const { id } of pair.hub.asks()) pair.hub.withdraw(id)
  oracle.asks.checkShown()
  check(world)
}

interface Misinformed {
  readonly device: Device
  readonly payload: unknown
}

/** Who shows an ask that is not pending, and for good. */
function stale({ pair, devices }: World): Misinformed[] {
  const pending = new Set(pair.hub.asks().map(({ id }) => id))
  return devices
    .filter(({ over }) => !over)
    .flatMap((device) =>
      device.answerable.filter(({ id }) => !pending.has(id)).map(({ payload }) => ({ device, payload })),
    )
}

/** Who does not show an ask that is pending. */
function untold({ pair, devices }: World): Misinformed[] {
  return pair.hub.asks().flatMap(({ id, users, payload }) =>
    devices
      .filter(({ over, user }) => !over && users.includes(user))
      .filter((device) => !device.shows(id))
      .map((device) => ({ device, payload })),
  )
}

/** On a quiet network nobody loses a link. */
async function rest(world: World): Promise<void> {
  const { quietMs } = world.settings
  if (quietMs === 0) return
  // A better transport may still be taken over; that changes no state.
  const devices = world.devices.filter(({ over }) => !over)
  const changes = (): number[] => devices.map(({ pairClient }) => pairClient.states.length)
  await world.pair.clock.advance(silenceMs)
  const before = changes()
  await world.pair.clock.advance(quietMs)
  for (const [index, count] of changes().entries()) {
    if (count === before[index]) continue
    world.oracle.reportOf('ending')(devices[index]?.index ?? null, 'lost its link although nothing happened')
  }
  check(world)
}

/** Everything that was acknowledged and is kept is visible, all buffers are empty, and nothing is left when all is closed. */
async function conclude(world: World): Promise<void> {
  const { oracle, pair, devices, settings } = world
  const reader = devices.find((device) => !device.over)
  for (const topic of settings.topics) {
    if (reader)
      actions.subscribe(world, { at: 0, do: 'subscribe', client: reader.index, topic, from: 'start' })
    for (const { user } of devices) world.services.rights.grant(user, topic)
  }
  // What begins from now on must have begun before there is something to miss.
  await pair.clock.reaches(() => oracle.subscriptions.allReady(devices), silenceMs)
  await pair.clock.settled(Promise.all(settings.topics.map((topic) => pair.hub.publish(topic, last))))
  if (!(await pair.clock.reaches(() => oracle.subscriptions.hasLast(devices, () => last), patienceMs)))
    oracle.subscriptions.reportSilent(devices, () => last)
  check(world)
  const report = oracle.reportOf('ending')
  const left = (): [what: string, count: number][] => {
    const { operations, asks, writing } = pair.hub.stats()
    // Where tokens expire, some link is always being asked for the next one.
    const written = settings.tokenLifeMs === null ? { writing } : {}
    const counts = { ...operations, 'pending asks': asks.pending, 'waiting asks': asks.waiting, ...written }
    return Object.entries(counts).filter(([, count]) => count > 0)
  }
  // What was polled counts as being written until the next poll names it.
  // A request of the hub that it gave up is over for a client that vanished once its session is.
  await pair.clock.reaches(() => left().length === 0, silenceMs + settings.sessionTtlMs)
  for (const [what, count] of left()) report(null, `${count} ${what} at the end`)
  await pair.clock.settled(
    Promise.all(devices.filter(({ over }) => !over).map((device) => world.close(device))),
  )
  check(world)
  await pair.clock.reaches(() => pair.hub.stats().links === 0, silenceMs)
  world.hubState = 'closing'
  for (const what of await pair.leftovers()) report(null, `left: ${what}`)
}
