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
  | 'too_many_open'
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
  | 'overloaded'
  | 'method_unknown'
  | 'handler_failed'
  | 'rejected'
  | 'timeout'
  | 'cancelled'
  | 'number_reused'
  | 'result_dropped'
  | 'session_ended'
  | 'session_unknown'

/** The codes that can refuse an HTTP request of a link, beside those that can end it. */
export type RequestErrorCode = 'request_invalid' | 'link_unknown'

/** The codes that arise on the client alone. */
export type LocalErrorCode =
  | 'connect_failed'
  | 'connect_timeout'
  | 'token_failed'
  | 'link_lost'
  | 'page_hidden'
  | 'attempts_exhausted'
  | 'ledger_lost'
  | 'outbox_full'
  | 'aborted'
  | 'closed'
  | 'handler_threw'

export type ErrorCode = LinkErrorCode | OperationErrorCode | RequestErrorCode | LocalErrorCode
