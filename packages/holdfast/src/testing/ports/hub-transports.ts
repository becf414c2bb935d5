import { Timekeeper } from '../../core/time/timekeeper.ts'
import type { HubEnv } from '../../server/env.ts'
import { settingsOf } from '../../server/options.ts'
import { SessionRegistry } from '../../server/sessions/session-registry.ts'
import { HttpTransport } from '../../server/transports/http-transport.ts'
import type { Accept } from '../../server/transports/link-socket.ts'
import { maxFrameBytes } from './port-bench.ts'

/** The hub's links over HTTP, without the hub. */
export function httpTransport(accept: Accept, env: HubEnv): HttpTransport {
  const settings = settingsOf({ limits: { maxFrameBytes } })
  const parts = {
    env,
    settings,
    sessions: new SessionRegistry(env, settings.limits),
    timekeeper: new Timekeeper(env),
  }
  return new HttpTransport({ parts, refusing: false, accept })
}
