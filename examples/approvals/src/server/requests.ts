import { rejection, type Hub } from 'holdfast/server'
import type { HistoryReply, StartRunReply } from '../contract/run-event.ts'
import type { Agents } from './agents.ts'
import type { RunJournal } from './run-journal.ts'

/** What pages ask the server for. */
export function serveRequests(hub: Hub, journal: RunJournal, agents: Agents): void {
  hub.onRequest('history', (payload): HistoryReply => {
    const { after } = fieldsOf(payload)
    return { events: journal.eventsAfter(typeof after === 'number' ? after : 0) }
  })

  hub.onRequest('startRun', async (_payload, { session }): Promise<StartRunReply> => {
    return { run: await agents.start(userOf(session)) }
  })

  hub.onRequest('stopRun', (payload, { session }) => {
    const { run } = fieldsOf(payload)
    if (typeof run !== 'string') throw rejection('run_unknown', 'There is no such run.')
    agents.stop(run, userOf(session))
  })

  // As if the power went: nothing is closed, nothing is saved, nobody gets a reply.
  hub.onRequest('killServer', () => process.kill(process.pid, 'SIGKILL'))
}

function userOf({ user }: { readonly user: string | null }): string {
  if (user === null) throw rejection('nobody', 'Sign in first.')
  return user
}

/** What comes over the wire may be anything. */
function fieldsOf(payload: unknown): Readonly<Record<string, unknown>> {
  return typeof payload === 'object' && payload !== null ? { ...payload } : {}
}
