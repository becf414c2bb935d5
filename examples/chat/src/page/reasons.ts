import type { ErrorCode } from 'holdfast/client'

/** What the codes mean for somebody who chats. Others speak for themselves. */
const sentences: Partial<Record<ErrorCode, string>> = {
  link_lost: 'The connection broke.',
  connect_failed: 'The server cannot be reached.',
  connect_timeout: 'The server does not answer.',
  heartbeat_timeout: 'The server fell silent.',
  hub_closing: 'The server is restarting.',
  token_failed: 'Signing in failed.',
  unauthenticated: 'The server does not accept the sign-in.',
  attempts_exhausted: 'The server could not be reached.',
  closed: 'There is no connection.',
  timeout: 'It waited too long.',
}

export function sentenceFor({
  code,
  message,
}: {
  readonly code: ErrorCode
  readonly message: string
}): string {
  return sentences[code] ?? message
}
