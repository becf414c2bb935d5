import { createHub, memory, type Hub, type HubOptions } from 'holdfast/server'

/** Topics that the engine remembers at most. From then on each new one makes it forget another. */
export const mostTopics = 500

/** How long what nobody waits for any more is kept: sessions, messages, asks. */
const keptMs = 1_000
/** How long somebody who says nothing is waited for; a busy machine must not make it too short for those who do. */
const patienceMs = 1_500

/** What the hub was asked to do and did; grows as long as the load comes through. */
export interface Tally {
  opened: number
  resumed: number
  ended: number
  requests: number
  answers: number
}

/**
 * A hub with an application that uses all of it, and lets go of whatever rests within seconds.
 * @param tally is kept up to date
 */
export function makeApplication(tally: Tally): Hub {
  const hub = createHub({ ...settings, ...gatekeepers })
  hub.on('session', ({ type }) => {
    if (type === 'opened') tally.opened++
    if (type === 'attached') tally.resumed++
    if (type === 'ended') tally.ended++
  })
  const handle = (method: string, handler: Parameters<Hub['onRequest']>[1]): void => {
    hub.onRequest(method, (payload, context) => {
      tally.requests++
      return handler(payload, context)
    })
  }
  handle('echo', (payload) => payload)
  handle('wait', (_payload, { signal }) => firing(signal))
  handle('announce', async (topic) => {
    const data = 'announced '.repeat(20)
    await hub.publish(String(topic), data, { key: 'once' })
    return await hub.publish(String(topic), data, { key: 'once' })
  })
  handle('call me', async (_payload, { session }) => {
    const reply = await hub.request({ session: session.id }, 'locate', {}, { timeoutMs: patienceMs })
    tally.answers++
    return reply
  })
  handle('ask me', async (key, { session, signal }) => {
    const target = { user: session.user ?? '' }
    const keyed = typeof key === 'string' ? { key } : {}
    const answer = await hub.ask(target, 'approve', 'may I?', { deadlineMs: patienceMs, signal, ...keyed })
    tally.answers++
    return answer.value
  })
  handle('throw me out', (_payload, { session }) => {
    // In a turn of its own, so that the reply is on its way before.
    setImmediate(() => hub.disconnect(session.id, { retry: true }))
  })
  return hub
}

const settings: HubOptions = {
  engine: memory({ maxTopics: mostTopics }),
  retention: { messages: 50, ageMs: keptMs },
  heartbeat: { intervalMs: patienceMs, timeoutMs: patienceMs },
  timeouts: {
    helloMs: patienceMs,
    authenticateMs: patienceMs,
    authorizeMs: patienceMs,
    sessionTtlMs: keptMs,
    validateMs: patienceMs,
    endedAskTtlMs: keptMs,
  },
  // Handlers that are aborted and callers that vanish are what the load consists of.
  logger: { warn() {}, error() {} },
}

/** Some of them answer at once, some later, some never. */
const gatekeepers: Pick<HubOptions, 'authenticate' | 'authorize'> = {
  async authenticate({ token }, { signal }) {
    if (token === 'refused') return null
    if (token === 'broken') throw new Error('no directory of users')
    if (token === 'undecided') await firing(signal)
    return { user: token, context: { since: Date.now() } }
  },
  authorize({ topic }, { signal }) {
    if (topic.startsWith('secret')) return false
    return topic.startsWith('undecided') ? firing(signal).then(() => false) : true
  },
}

/** Resolves when the signal fires. */
function firing(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true })
  })
}
