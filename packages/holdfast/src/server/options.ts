import type { Subject } from '../core/wire/frames.ts'
import type { Engine, Retention } from '../engines/engine.ts'
import { memory } from '../engines/memory.ts'
import { defaultLimits, leastControlBytes, type HubLimits } from './limits.ts'
import type { LinkRequest } from './transports/link-socket.ts'

/** Who presented the credentials. */
export interface Identity<Context = unknown> {
  /** The user's name, stamped on what they publish, 1 to 255 bytes without control characters; null: anonymous. */
  readonly user: string | null
  /** As the user's name. Default null. */
  readonly tenant?: string | null
  /**
   * When the credentials expire, in milliseconds since 1970. 30 s before, or at half their life if that is shorter, the
   * client is asked for a fresh token. Default: never.
   */
  readonly expiresAt?: number
  /**
   * Anything the application wants to find again as `session.context`. Never sent to the client. With another one than
   * before, rights that are being checked are checked again; so what has changed should be a new value.
   */
  readonly context?: Context
}

export interface Credentials {
  /** What the client's `token()` returned, or null. */
  readonly token: string | null
  /** The HTTP request that opened the link. */
  readonly request: LinkRequest
}

/** A session, as the application sees it. */
export interface SessionInfo<Context = unknown> {
  readonly id: string
  readonly user: string | null
  readonly tenant: string | null
  /** What `authenticate` returned as `context`. */
  readonly context: Context | undefined
}

export interface AuthorizeRequest<Context = unknown> {
  readonly action: 'publish' | 'subscribe'
  readonly topic: string
  readonly session: SessionInfo<Context>
}

export interface Logger {
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export interface HubOptions<Context = unknown> {
  /**
   * Says who presents the credentials, or null to refuse them. Asked once per link and for every fresh token. The signal
   * fires when the answer is no longer needed. Throwing counts as a temporary failure. Default: everybody is anonymous.
   */
  readonly authenticate?: (
    credentials: Credentials,
    options: { readonly signal: AbortSignal },
  ) => Identity<Context> | null | Promise<Identity<Context> | null>
  /**
   * Says whether a session may publish or subscribe to a topic. Asked for every publish and for every subscription on
   * every link. Throwing counts as a temporary failure. Default: everything is allowed.
   */
  readonly authorize?: (
    request: AuthorizeRequest<Context>,
    options: { readonly signal: AbortSignal },
  ) => boolean | Promise<boolean>
  /** Where topics and asks are kept. Default `memory()`. */
  readonly engine?: Engine
  /** How much of each topic is kept. Default 10,000 messages, 8 MiB (at least two of the largest frames), 1 hour. */
  readonly retention?: Partial<Retention>
  readonly limits?: Partial<HubLimits>
  readonly heartbeat?: Partial<HeartbeatOptions>
  readonly timeouts?: Partial<TimeoutOptions>
  /**
   * The origins whose pages may connect, such as `https://example.com`, or `'*'` for all. Default: the origin whose host
   * the request names. Clients that send no `Origin` (not browsers) are not concerned.
   */
  readonly origins?: readonly string[] | '*'
  /** Default: warnings and errors go to the console. */
  readonly logger?: Logger
}

export interface HeartbeatOptions {
  /** Silence after which the hub pings, in milliseconds. Default 25,000. */
  readonly intervalMs: number
  /** Silence after the ping that ends the link, in milliseconds. Default 15,000. */
  readonly timeoutMs: number
}

export interface TimeoutOptions {
  /** From a link's opening to its `hello`. Default 10,000 ms. */
  readonly helloMs: number
  /** For `authenticate`. Default 10,000 ms. */
  readonly authenticateMs: number
  /** For `authorize`, with all that is asked again because rights changed meanwhile. Default 10,000 ms. */
  readonly authorizeMs: number
  /** How long a session rests without a link before it ends. Default 120,000 ms. */
  readonly sessionTtlMs: number
  /** For an answer to an ask to be judged, from its arrival. Default 10,000 ms. */
  readonly validateMs: number
  /** How long an ask that is over is known: to devices that come back, and by the key of one that was answered. Default 3,600,000 ms. */
  readonly endedAskTtlMs: number
}

/** The options with every default in place. */
export interface HubSettings {
  readonly authenticate: (
    credentials: Credentials,
    options: { readonly signal: AbortSignal },
  ) => Identity | null | Promise<Identity | null>
  readonly authorize:
    | ((request: AuthorizeRequest, options: { readonly signal: AbortSignal }) => unknown)
    | null
  readonly engine: Engine
  readonly retention: Retention
  readonly limits: HubLimits
  readonly heartbeat: HeartbeatOptions
  readonly timeouts: TimeoutOptions
  readonly origins: readonly string[] | '*' | null
  readonly logger: Logger
}

const defaultRetention: Retention = { messages: 10_000, bytes: 8_388_608, ageMs: 3_600_000 }
const defaultHeartbeat: HeartbeatOptions = { intervalMs: 25_000, timeoutMs: 15_000 }
export const defaultTimeouts: TimeoutOptions = {
  helloMs: 10_000,
  authenticateMs: 10_000,
  authorizeMs: 10_000,
  sessionTtlMs: 120_000,
  validateMs: 10_000,
  endedAskTtlMs: 3_600_000,
}

/** A summary of open operations has at most this many ranges [R17]. */
const mostOpenOperations = 1_024
/** A client names the asks it holds in one frame [R63]. */
const mostAsksOfUser = 1_000
/** What a `hello` may need [R1]. */
const leastFrameBytes = 65_536

/** A misspelt `authorize` would allow everything. */
const optionNames: ReadonlySet<string> = new Set<keyof HubOptions>([
  'authenticate',
  'authorize',
  'engine',
  'retention',
  'limits',
  'heartbeat',
  'timeouts',
  'origins',
  'logger',
])

const consoleLogger: Logger = {
  warn: (details, message) => console.warn(`holdfast: ${message}`, details),
  error: (details, message) => console.error(`holdfast: ${message}`, details),
}

/** A logger that throws, for example because an error cannot be printed, must not stop what it is told of. */
function guarded(logger: Logger): Logger {
  const guard = (level: 'warn' | 'error', details: object, message: string): void => {
    try {
      logger[level](details, message)
    } catch {
      console.error(`holdfast: ${message} (and the logger threw)`)
    }
  }
  return {
    warn: (details, message) => guard('warn', details, message),
    error: (details, message) => guard('error', details, message),
  }
}

/** @throws TypeError for a number that is no positive integer */
export function settingsOf<Context>(options: HubOptions<Context>): HubSettings {
  for (const name of Object.keys(options)) {
    if (!optionNames.has(name)) throw new TypeError(`${name} is not an option of createHub`)
  }
  const retention = withDefaults('retention', defaultRetention, options.retention)
  const limits = withDefaults('limits', defaultLimits, options.limits)
  if (retention.bytes < 2 * limits.maxFrameBytes) {
    throw new TypeError('retention.bytes must be at least twice limits.maxFrameBytes')
  }
  if (limits.maxOpenOperations > mostOpenOperations) {
    throw new TypeError(`limits.maxOpenOperations must be at most ${mostOpenOperations}`)
  }
  const least = leastControlBytes(limits)
  if (limits.maxControlBytes < least) {
    throw new TypeError(`limits.maxControlBytes must be at least ${least} for the other limits`)
  }
  if (limits.maxAsksOfUser > mostAsksOfUser) {
    throw new TypeError(`limits.maxAsksOfUser must be at most ${mostAsksOfUser}`)
  }
  if (limits.maxRunningLength < 4 * limits.maxFrameBytes) {
    throw new TypeError('limits.maxRunningLength must be at least four times limits.maxFrameBytes')
  }
  if (limits.maxFrameBytes < leastFrameBytes) {
    throw new TypeError(`limits.maxFrameBytes must be at least ${leastFrameBytes}`)
  }
  for (const origin of options.origins === '*' ? [] : (options.origins ?? [])) assertOrigin(origin)
  return {
    authenticate: options.authenticate ?? (() => ({ user: null })),
    authorize: (options.authorize as HubSettings['authorize'] | undefined) ?? null,
    engine: options.engine ?? memory(),
    retention,
    limits,
    heartbeat: withDefaults('heartbeat', defaultHeartbeat, options.heartbeat),
    timeouts: withDefaults('timeouts', defaultTimeouts, options.timeouts),
    origins: options.origins ?? null,
    logger: guarded(options.logger ?? consoleLogger),
  }
}

/** One that no browser ever sends would refuse everybody. */
function assertOrigin(origin: string): void {
  if (URL.canParse(origin) && new URL(origin).origin === origin) return
  throw new TypeError(`origins: ${JSON.stringify(origin)} is no origin such as "https://example.com"`)
}

function withDefaults<Group extends object>(
  name: string,
  defaults: Group,
  given: Partial<Group> = {},
): Group {
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, key)) throw new TypeError(`${name}.${key} is not an option`)
    const sound = value === undefined || (Number.isSafeInteger(value) && (value as number) > 0)
    if (!sound) throw new TypeError(`${name}.${key} must be a positive integer`)
  }
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return { ...defaults, ...(set as Partial<Group>) }
}

/** The subject of an identity; what a session never changes. */
export function subjectOf(identity: Identity): Subject {
  return { user: identity.user, tenant: identity.tenant ?? null }
}
