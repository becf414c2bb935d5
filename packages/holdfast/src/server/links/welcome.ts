import { protocolVersion } from '../../core/wire/version.ts'
import type { HelloFrame, WelcomeFrame } from '../../core/wire/frames.ts'
import type { HubParts } from '../hub-parts.ts'
import type { Link } from './link.ts'
import { subjectOf, type Identity } from '../options.ts'
import { Session } from '../sessions/session.ts'

/** Reconnects are spread over a second and half a millisecond for each session served. */
export function spreadMsOf(sessions: number): number {
  return Math.round(1_000 + sessions / 2)
}

/**
 * Registers the link with the session it resumes or a new one, then says welcome and brings the client up to date.
 * All in one turn: nothing can come between registration and the first byte [R11].
 */
export function welcome(parts: HubParts, link: Link, hello: HelloFrame, identity: Identity): void {
  const subject = subjectOf(identity)
  const known = parts.sessions.find(hello, subject)
  if (!known && parts.sessions.liveCount >= parts.settings.limits.maxSessions) {
    const retryAfterMs = Math.round(spreadMsOf(parts.sessions.liveCount) * (1 + parts.env.random()))
    link.end({
      code: 'sessions_full',
      message: 'The hub has no room for another session.',
      retry: true,
      retryAfterMs,
    })
    return
  }
  const session = known ?? new Session(parts, hello, subject, identity.context)
  if (!known) parts.sessions.add(session)
  if (!session.attach(link, hello.attempt)) return
  session.renew(identity.context)
  link.bindTo(session)
  link.writer.send(welcomeFrame(parts, session, known !== null))
  for (const subscription of hello.subscriptions) link.subscriptions.subscribe(subscription)
  if (known) session.operations.resume(hello.producer)
  session.requests.resume(known ? hello.received : 0)
  parts.events.emit(known ? 'attached' : 'opened', session.info)
}

function welcomeFrame({ settings, sessions }: HubParts, session: Session, resumed: boolean): WelcomeFrame {
  const { maxFrameBytes, maxSubscriptions, maxOpenOperations } = settings.limits
  return {
    type: 'welcome',
    version: protocolVersion,
    session: { id: session.id, key: session.key },
    resumed,
    subject: session.subject,
    received: session.operations.highest,
    producer: session.requests.summary(),
    heartbeat: settings.heartbeat,
    spreadMs: spreadMsOf(sessions.liveCount),
    sessionTtlMs: settings.timeouts.sessionTtlMs,
    limits: { maxFrameBytes, maxSubscriptions, maxOpenOperations },
  }
}
