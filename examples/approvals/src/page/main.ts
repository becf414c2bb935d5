import { connect, type Client } from 'holdfast/client'
import { Badge } from 'holdfast-example-site/page/badge'
import { byId, setText } from 'holdfast-example-site/page/elements'
import { Identity } from 'holdfast-example-site/page/identity'
import { operator } from '../contract/people.ts'
import type { StopRun } from '../contract/run-event.ts'
import { Runs } from '../contract/run-state.ts'
import { AuditTrail } from './audit-trail.ts'
import { listenToKeys } from './keyboard.ts'
import { PeopleSwitch } from './people-switch.ts'
import { Prompts } from './prompts.ts'
import { RunFeed } from './run-feed.ts'
import { RunsView } from './runs-view.ts'

/** Prompts that are over stay for a while, so that one sees what became of them. */
const keepOverMs = 10 * 60_000
const killTimeoutMs = 2_000

// A tab is a device: it keeps its user when it is reloaded, and another tab may have another one.
const identity = new Identity({
  storage: sessionStorage,
  storageKey: 'holdfast-approvals-name',
  otherwise: operator.name,
})
const runs = new Runs()
const prompts = new Prompts(runs)
const runsView = new RunsView(runs, (run) => tell('stopRun', { run } satisfies StopRun))
const auditTrail = new AuditTrail(runs, () => client.session)
const feed = new RunFeed((event) => {
  runs.apply(event)
  runsView.update(event.run)
  auditTrail.add(event)
  prompts.update()
})
const badge = new Badge(
  () => client,
  () => void connectAgain(),
)
let client = connectNow()

new PeopleSwitch(identity, () => void connectAgain()).show()
listenToKeys(prompts)
byId('start-run', HTMLButtonElement).addEventListener('click', () => tell('startRun', {}))
byId('kill-server', HTMLButtonElement).addEventListener('click', () => {
  // The one who could reply is gone. Whoever presses it without a connection means now, not later.
  client.request('killServer', null, { timeoutMs: killTimeoutMs }).catch(() => {})
})

function connectNow(): Client {
  const client = connect('/holdfast', {
    token: (request) => identity.token(request),
    asks: { keepMs: keepOverMs },
  })
  client.on('state', ({ to }) => {
    if (to === 'live') feed.fetchIfStale()
    update()
  })
  client.on('transport', update)
  client.on('error', ({ code, message }) => console.warn(`${code}: ${message}`))
  feed.attach(client)
  prompts.attach(client)
  return client
}

async function connectAgain(): Promise<void> {
  const last = client
  await last.close()
  // Asked twice: the first one did it.
  if (client === last) client = connectNow()
  update()
}

function update(): void {
  badge.update()
  prompts.update()
}

function tell(method: 'startRun' | 'stopRun', payload: object): void {
  const problem = byId('run-problem', HTMLElement)
  client.request(method, payload).then(
    () => setText(problem, ''),
    ({ message }: Error) => setText(problem, message),
  )
}
