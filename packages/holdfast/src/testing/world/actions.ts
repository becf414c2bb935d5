import type { Operation, OperationOptions } from '../../client/operation.ts'
import type { VirtualLoop } from '../virtual-loop.ts'
import type { Device } from './device.ts'
import type { Attempt, AttemptDescription } from './oracle/attempt.ts'
import type { Action, StepOf } from './schedule.ts'
import type { RequestPayload, World } from './world.ts'

/** Carries out a step of one kind. */
type Performer<Name extends Action['do']> = (world: World, step: StepOf<Name>) => void

/** What applications do, each only where it makes sense: with a client that is there and not closed, and a hub that runs. */
export const actions: { readonly [Name in Action['do']]: Performer<Name> } = {
  publish(world, step) {
    const device = openDevice(world, step.client)
    if (device) publish(world, device, step)
  },
  burst(world, { count, token, ...step }) {
    const device = openDevice(world, step.client)
    for (let place = 0; device && place < count; place++)
      publish(world, device, { ...step, do: 'publish', token: `${token}.${place}` })
  },
  hubPublish(world, { topic, token, count }) {
    const { operations } = world.oracle
    if (world.hubState !== 'running') return
    for (let place = 0; place < count; place++) {
      const name = `${token}.${place}`
      const attempt = operations.begin({
        ...ofHub,
        kind: 'hubPublish',
        device: null,
        topic,
        token: name,
        handling: null,
      })
      operations.watch(attempt, world.pair.hub.publish(topic, name, { key: name }))
    }
  },
  request(world, step) {
    const device = openDevice(world, step.client)
    if (!device) return
    const { takesMs, ends, idempotent = false } = step
    const described = { ...step, kind: 'request', device, topic: '', idempotent, handling: step } as const
    const payload: RequestPayload = { token: step.token, takesMs, ends }
    operate(world, device, described, (options) => device.client.request('request', payload, options))
  },
  hubRequest(world, step) {
    const device = openDevice(world, step.client)
    const session = device?.client.session
    if (!device || !session || world.hubState === 'down') return
    const { takesMs, ends, timeoutMs, token } = step
    const { operations } = world.oracle
    const attempt = operations.begin({
      ...step,
      kind: 'hubRequest',
      device,
      session,
      topic: '',
      idempotent: false,
      handling: step,
    })
    const { signal } = giveUpLater(world, attempt, world.pair.hubLoop)
    const payload: RequestPayload = { token, takesMs, ends }
    operations.watch(attempt, world.pair.hub.request({ session }, 'request', payload, { timeoutMs, signal }))
  },
  subscribe(world, { client, topic, from, iterator, leavesAfterMs }) {
    const device = openDevice(world, client)
    if (!device) return
    const { subscriptions } = world.oracle
    const watched = subscriptions.watch(device, topic, from, iterator !== undefined)
    const { loop } = device.pairClient
    if (leavesAfterMs !== undefined) void world.pause(loop, leavesAfterMs).then(() => watched.unsubscribe())
    if (!iterator) {
      watched.begun(device.client.subscribe(topic, { from }, subscriptions.handlersOf(device, watched)))
      return
    }
    const { buffer, pauseMs } = iterator
    const subscription = device.client.subscribe(topic, { from, buffer })
    watched.begun(subscription)
    const pause = (): Promise<void> => world.pause(loop, pauseMs)
    void subscriptions.iterate(device, watched, subscription, pause)
  },
  unsubscribe(world, { client, subscription }) {
    openDevice(world, client)?.subscriptions[subscription]?.unsubscribe()
  },
  ask(world, step) {
    if (world.hubState !== 'down') world.ask(step)
  },
  escalate(world, { token, user }) {
    const { hub } = world.pair
    const ask = world.hubState === 'running' && hub.asks().find(({ payload }) => payload === token)
    if (ask) hub.escalate(ask.id, { user }).catch(() => {})
  },
  answer(world, { client, ask, token }) {
    const device = openDevice(world, client)
    const answered = device?.answerable[ask]
    if (device && answered) world.answer(device, answered, token)
  },
  reconnectNow(world, { client }) {
    openDevice(world, client)?.client.reconnectNow()
  },
  prefer(world, { client, transport }) {
    openDevice(world, client)?.prefer(transport)
  },
  close(world, { client }) {
    const device = openDevice(world, client)
    if (device) void world.close(device)
  },
  connect(world, { over, user }) {
    world.connect({ over, user })
  },
  signIn(world, { client, user, cuts }) {
    const device = openDevice(world, client)
    device?.signIn(user)
    // Each of them: on one that a change-over has left it would stay who it was.
    if (cuts) for (const link of device?.pairClient.links ?? []) link.cut()
  },
  disconnect(world, { client, retry }) {
    const session = openDevice(world, client)?.client.session
    if (!session || world.hubState !== 'running') return
    world.oracle.sessions.disconnects(session, retry)
    world.pair.hub.disconnect(session, { retry })
  },
  revoke(world, { user, topic }) {
    const { services, chronicle, hubState } = world
    const denial = { acceptedBefore: chronicle.acceptedCount, known: hubState !== 'closing' }
    services.rights.deny(user, topic, denial)
    if (world.hubState === 'running') void world.pair.hub.revoke({ user, topic })
  },
  grant(world, { user, topic }) {
    world.services.rights.grant(user, topic)
  },
  role(world, { user, topic, may }) {
    world.services.rights.change(user, topic, may)
  },
}

const ofHub = { idempotent: false, timeoutMs: Infinity } as const

function openDevice(world: World, index: number): Device | undefined {
  const device = world.devices[index]
  return device?.over ? undefined : device
}

function publish(world: World, device: Device, step: StepOf<'publish'>): void {
  const { topic, token, idempotent = false } = step
  const described = { ...step, kind: 'publish', device, topic, idempotent, handling: null } as const
  operate(world, device, described, (options) => device.client.publish(topic, token, options))
}

function operate(
  world: World,
  device: Device,
  described: AttemptDescription,
  start: (options: OperationOptions) => Operation<unknown>,
): void {
  const { operations } = world.oracle
  const attempt = operations.begin(described)
  const { signal } = giveUpLater(world, attempt, device.pairClient.loop)
  const { timeoutMs, idempotent } = described
  const onStatus: OperationOptions['onStatus'] = (status) => operations.moved(attempt, status)
  operations.watch(attempt, start({ timeoutMs, signal, idempotent, onStatus }))
}

/** The caller gives up after a while, if the step says so. */
function giveUpLater(world: World, attempt: Attempt, loop: VirtualLoop): AbortController {
  const controller = new AbortController()
  const { abortAfterMs } = attempt.described
  if (abortAfterMs !== undefined) {
    world.pair.clock.schedule(world.pair.clock.now + abortAfterMs, 'io', loop, () => {
      attempt.aborted = true
      controller.abort()
    })
  }
  return controller
}
