import type {
  ErrorCode,
  LinkErrorCode,
  LocalErrorCode,
  OperationErrorCode,
  RequestErrorCode,
} from './error-codes.ts'

/** What an error code means to people and to machines; the table of PROTOCOL.md, chapter 7. */
export interface ErrorRow {
  readonly meaning: string
  /** Whether trying the same again can help. */
  readonly retry: boolean
  /** What the application or its operator should do. */
  readonly action: string
  /** The WebSocket close code when the error ends a link, else null. */
  readonly closeCode: number | null
  /** The HTTP status when the error answers an HTTP request, else null. */
  readonly httpStatus: number | null
}

type Row = Omit<ErrorRow, 'retry'>

const row = (
  meaning: string,
  action: string,
  closeCode: number | null = null,
  httpStatus: number | null = null,
): Row => ({ meaning, action, closeCode, httpStatus })

const linkErrors: Record<LinkErrorCode, Row> = {
  frame_invalid: row('A frame breaks the protocol.', 'Fix the sender.', 4400, 400),
  frame_unknown: row('A critical frame of unknown type.', 'Upgrade the older side.', 4404, 400),
  frame_too_large: row('A frame is larger than the link takes.', 'Send less at once.', 1009, 413),
  hello_expected: row('The first frame was not `hello`.', 'Fix the client.', 4405, 400),
  hello_timeout: row('No accepted `hello` in time.', 'Check the network.', 4408, 408),
  version_unsupported: row('No common protocol version.', 'Upgrade the older side.', 4426, 426),
  origin_forbidden: row('The page’s origin is not allowed.', 'Add it to `origins`.', 4406, 403),
  unauthenticated: row('The credentials were refused.', 'Sign in again.', 4401, 401),
  authenticate_failed: row('`authenticate` threw or took too long.', 'Look at the hub’s log.', 4501, 503),
  token_expired: row('The credentials expired on a live link.', 'Return a fresh token.', 4419, 401),
  identity_changed: row('The subject is no longer the same.', 'Send it again as the new user.', 4410, 409),
  superseded: row('A newer link of the same client took over.', 'Nothing.', 4409, 409),
  heartbeat_timeout: row('Nothing was heard from the peer.', 'Nothing.', 4411, null),
  number_skipped: row('An operation’s number came too early.', 'Fix the sender.', 4412, 400),
  too_many_open: row('Too many open operations.', 'Fix the sender.', 4413, 429),
  slow_reader: row('The link reads too slowly for its budget.', 'Nothing; it resumes.', 4414, null),
  sessions_full: row('The hub has no room for another session.', 'Add a hub or raise the limit.', 4503, 503),
  hub_closing: row('The hub is shutting down.', 'Nothing.', 4512, 503),
  disconnected: row('The application ended the session.', 'See the reason.', 4420, 403),
}

const operationErrors: Record<OperationErrorCode, Row> = {
  topic_invalid: row('Not a topic name.', 'Use 1 to 255 bytes without control characters.', null, 400),
  method_invalid: row('Not a method name.', 'Use 1 to 255 bytes without control characters.', null, 400),
  data_invalid: row('JSON would alter or refuse the data.', 'Send plain JSON values.', null, 400),
  message_too_large: row('The message is larger than the limit.', 'Send less at once.', null, 413),
  forbidden: row('`authorize` said no.', 'Ask for the right.', null, 403),
  revoked: row('The right to the topic was withdrawn.', 'Ask for the right.', null, 403),
  authorize_failed: row('`authorize` threw or took too long.', 'Look at the hub’s log.', null, 503),
  subscription_limit: row('Too many subscriptions in the session.', 'Unsubscribe first.', null, 429),
  topic_limit: row('The hub keeps no more topics.', 'Raise the limit.', null, 503),
  engine_failed: row('The engine could not do it.', 'Look at the hub’s log.', null, 503),
  overloaded: row('The hub runs too much already; this was not executed.', 'Try again later.', null, 503),
  method_unknown: row('The other side handles no such method.', 'Check the name.', null, 404),
  handler_failed: row('The handler threw.', 'Look at the other side’s log.', null, 500),
  rejected: row('The handler refused, with a `reason` of the application.', 'See `reason`.', null, 422),
  timeout: row('The deadline passed.', 'See `outcome`.', null, 504),
  cancelled: row('The operation was cancelled before it started.', 'Nothing.', null, 409),
  number_reused: row('A number came again with other content.', 'Fix the sender.', null, 409),
  result_dropped: row('Done, but the result is no longer kept.', 'Acknowledge sooner.', null, 410),
  session_ended: row('The session ended while the request was open.', 'See `outcome`.', null, 410),
  session_unknown: row('There is no such session.', 'Check the id.', null, 404),
  already_answered: row('The ask has an answer, or one of this client is on its way.', 'Nothing.', null, 409),
  ask_cancelled: row('Whoever asked no longer wants to know.', 'Nothing.', null, 410),
  ask_expired: row('The deadline of the ask passed.', 'Ask again if it still matters.', null, 410),
  ask_unknown: row('There is no such ask for this user.', 'Nothing; it may be asked again.', null, 404),
  ask_limit: row(
    'Too many asks are pending, of the user or in all.',
    'Ask later, or less at once.',
    null,
    429,
  ),
  key_reused: row('The key belongs to an ask with other content.', 'Use a key for each question.', null, 409),
}

const requestErrors: Record<RequestErrorCode, Row> = {
  request_invalid: row(
    'An HTTP request of a link breaks the protocol.',
    'Fix the sender, or what alters its requests.',
    null,
    400,
  ),
  link_unknown: row('There is no such link, or it has ended.', 'Nothing; the client resumes.', null, 410),
}

const localErrors: Record<LocalErrorCode, Row> = {
  connect_failed: row('The socket did not open.', 'Nothing.'),
  connect_timeout: row('The link was not ready in time.', 'Nothing.'),
  token_failed: row('`token()` threw or took too long.', 'Fix the token source.'),
  link_lost: row('The socket closed without a goodbye.', 'Nothing.'),
  page_hidden: row('The page was put away.', 'Nothing; it comes back with the page.'),
  attempts_exhausted: row('`maxAttempts` attempts failed in a row.', 'Connect again.'),
  ledger_lost: row('The hub no longer knows what was executed.', 'Check, then send again.'),
  outbox_full: row('The outbox is full.', 'Wait for `flush()`.'),
  aborted: row('The caller’s AbortSignal fired.', 'See `outcome`.'),
  closed: row('The client or hub was closed.', 'See `outcome`.'),
  handler_threw: row('A callback of the application threw.', 'Fix the callback.'),
}

const rows: Record<ErrorCode, Row> = { ...linkErrors, ...operationErrors, ...requestErrors, ...localErrors }

/** The codes after which trying the same again can help. */
const retryableCodes: ReadonlySet<string> = new Set<ErrorCode>([
  'hello_timeout',
  'authenticate_failed',
  'token_expired',
  'identity_changed',
  'heartbeat_timeout',
  'slow_reader',
  'sessions_full',
  'hub_closing',
  'authorize_failed',
  'topic_limit',
  'engine_failed',
  'overloaded',
  'timeout',
  'ask_limit',
  'request_invalid',
  'link_unknown',
  'connect_failed',
  'connect_timeout',
  'token_failed',
  'link_lost',
  'page_hidden',
  'attempts_exhausted',
  'outbox_full',
])

/** Every error code of Holdfast. The client does without it: it is for the hub, the documentation and the tests. */
export const errorTable: Readonly<Record<ErrorCode, ErrorRow>> = Object.fromEntries(
  Object.entries(rows).map(([code, told]) => [code, { ...told, retry: retryableCodes.has(code) }]),
) as Record<ErrorCode, ErrorRow>
