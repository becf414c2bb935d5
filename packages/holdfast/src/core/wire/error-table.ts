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

/** The codes that can end a link. */
export type LinkErrorCode =
  | 'frame_invalid'
  | 'frame_unknown'
  | 'frame_too_large'
  | 'hello_expected'
  | 'hello_timeout'
  | 'version_unsupported'
  | 'origin_forbidden'
  | 'unauthenticated'
  | 'authenticate_failed'
  | 'token_expired'
  | 'identity_changed'
  | 'superseded'
  | 'heartbeat_timeout'
  | 'number_skipped'
  | 'window_exceeded'
  | 'slow_reader'
  | 'sessions_full'
  | 'hub_closing'
  | 'disconnected'

/** The codes that can answer an operation or a subscription. */
export type OperationErrorCode =
  | 'topic_invalid'
  | 'method_invalid'
  | 'data_invalid'
  | 'message_too_large'
  | 'forbidden'
  | 'revoked'
  | 'authorize_failed'
  | 'subscription_limit'
  | 'topic_limit'
  | 'engine_failed'
  | 'method_unknown'
  | 'handler_failed'
  | 'rejected'
  | 'timeout'
  | 'cancelled'
  | 'number_reused'
  | 'result_dropped'
  | 'session_ended'
  | 'session_unknown'

/** The codes that arise on the client alone. */
export type LocalErrorCode =
  | 'connect_failed'
  | 'connect_timeout'
  | 'token_failed'
  | 'link_lost'
  | 'attempts_exhausted'
  | 'ledger_lost'
  | 'outbox_full'
  | 'aborted'
  | 'closed'
  | 'handler_threw'

export type ErrorCode = LinkErrorCode | OperationErrorCode | LocalErrorCode

const row = (
  meaning: string,
  retry: boolean,
  action: string,
  closeCode: number | null = null,
  httpStatus: number | null = null,
): ErrorRow => ({ meaning, retry, action, closeCode, httpStatus })

const linkErrors: Record<LinkErrorCode, ErrorRow> = {
  frame_invalid: row('A frame breaks the protocol.', false, 'Fix the sender.', 4400, 400),
  frame_unknown: row('A critical frame of unknown type.', false, 'Upgrade the older side.', 4404, 400),
  frame_too_large: row('A frame is larger than the link takes.', false, 'Send less at once.', 1009, 413),
  hello_expected: row('The first frame was not `hello`.', false, 'Fix the client.', 4405, 400),
  hello_timeout: row('No accepted `hello` in time.', true, 'Check the network.', 4408, 408),
  version_unsupported: row('No common protocol version.', false, 'Upgrade the older side.', 4426, 426),
  origin_forbidden: row('The page’s origin is not allowed.', false, 'Add it to `origins`.', 4406, 403),
  unauthenticated: row('The credentials were refused.', false, 'Sign in again.', 4401, 401),
  authenticate_failed: row(
    '`authenticate` threw or took too long.',
    true,
    'Look at the hub’s log.',
    4501,
    503,
  ),
  token_expired: row('The credentials expired on a live link.', true, 'Return a fresh token.', 4419, 401),
  identity_changed: row(
    'The subject is no longer the same.',
    true,
    'Send it again as the new user.',
    4410,
    409,
  ),
  superseded: row('A newer link of the same client took over.', false, 'Nothing.', 4409, 409),
  heartbeat_timeout: row('Nothing was heard from the peer.', true, 'Nothing.', 4411, null),
  number_skipped: row('An operation’s number came too early.', false, 'Fix the sender.', 4412, 400),
  window_exceeded: row('Too many open operations.', false, 'Fix the sender.', 4413, 429),
  slow_reader: row('The link reads too slowly for its budget.', true, 'Nothing; it resumes.', 4414, null),
  sessions_full: row(
    'The hub has no room for another session.',
    true,
    'Add a hub or raise the limit.',
    4503,
    503,
  ),
  hub_closing: row('The hub is shutting down.', true, 'Nothing.', 4512, 503),
  disconnected: row('The application ended the session.', false, 'See the reason.', 4420, 403),
}

const operationErrors: Record<OperationErrorCode, ErrorRow> = {
  topic_invalid: row('Not a topic name.', false, 'Use 1 to 255 bytes without control characters.', null, 400),
  method_invalid: row(
    'Not a method name.',
    false,
    'Use 1 to 255 bytes without control characters.',
    null,
    400,
  ),
  data_invalid: row('JSON would alter or refuse the data.', false, 'Send plain JSON values.', null, 400),
  message_too_large: row('The message is larger than the limit.', false, 'Send less at once.', null, 413),
  forbidden: row('`authorize` said no.', false, 'Ask for the right.', null, 403),
  revoked: row('The right to the topic was withdrawn.', false, 'Ask for the right.', null, 403),
  authorize_failed: row('`authorize` threw or took too long.', true, 'Look at the hub’s log.', null, 503),
  subscription_limit: row('Too many subscriptions in the session.', false, 'Unsubscribe first.', null, 429),
  topic_limit: row('The hub keeps no more topics.', true, 'Raise the limit.', null, 503),
  engine_failed: row('The engine could not do it.', true, 'Look at the hub’s log.', null, 503),
  method_unknown: row('The other side handles no such method.', false, 'Check the name.', null, 404),
  handler_failed: row('The handler threw.', false, 'Look at the other side’s log.', null, 500),
  rejected: row(
    'The handler refused, with a `reason` of the application.',
    false,
    'See `reason`.',
    null,
    422,
  ),
  timeout: row('The deadline passed.', true, 'See `outcome`.', null, 504),
  cancelled: row('The operation was cancelled before it started.', false, 'Nothing.', null, 409),
  number_reused: row('A number came again with other content.', false, 'Fix the sender.', null, 409),
  result_dropped: row('Done, but the result is no longer kept.', false, 'Acknowledge sooner.', null, 410),
  session_ended: row('The session ended while the request was open.', false, 'See `outcome`.', null, 410),
  session_unknown: row('There is no such session.', false, 'Check the id.', null, 404),
}

const localErrors: Record<LocalErrorCode, ErrorRow> = {
  connect_failed: row('The socket did not open.', true, 'Nothing.'),
  connect_timeout: row('The link was not ready in time.', true, 'Nothing.'),
  token_failed: row('`token()` threw or took too long.', true, 'Fix the token source.'),
  link_lost: row('The socket closed without a goodbye.', true, 'Nothing.'),
  attempts_exhausted: row('`maxAttempts` attempts failed in a row.', true, 'Connect again.'),
  ledger_lost: row('The hub no longer knows what was executed.', false, 'Check, then send again.'),
  outbox_full: row('The outbox is full.', true, 'Wait for `flush()`.'),
  aborted: row('The caller’s AbortSignal fired.', false, 'See `outcome`.'),
  closed: row('The client or hub was closed.', false, 'See `outcome`.'),
  handler_threw: row('A callback of the application threw.', false, 'Fix the callback.'),
}

/** Every error code of Holdfast. */
export const errorTable: Readonly<Record<ErrorCode, ErrorRow>> = {
  ...linkErrors,
  ...operationErrors,
  ...localErrors,
}
