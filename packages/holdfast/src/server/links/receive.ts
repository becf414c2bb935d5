import type { FrameFault } from '../../core/wire/decode.ts'
import type { Goodbye } from '../../core/wire/goodbye.ts'
import type { ClientFrame } from '../../core/wire/frames.ts'
import type { Link } from './link.ts'

/** Takes a sound frame of a bound link to whom it concerns. */
export function receiveFrame(link: Link, frame: ClientFrame, text: string): void {
  const { session } = link
  if (!session || !link.bound) return
  switch (frame.type) {
    case 'subscribe':
      return link.subscriptions.subscribe(frame)
    case 'unsubscribe':
      return link.subscriptions.unsubscribe(frame)
    case 'publish':
    case 'request':
    case 'answer':
    case 'cancel':
      return endIfTold(link, session.operations.receive(frame, text))
    case 'asks':
      return link.joinAsks(frame)
    case 'result':
      return session.requests.settle(frame, text.length)
    case 'ack':
      return session.operations.acknowledge(frame.numbers)
    case 'ping':
      return link.writer.send({ type: 'pong', id: frame.id })
    case 'pong':
      return
    case 'token':
      return link.reauthenticate(frame.token)
    case 'leave':
      return session.end({ code: 'disconnected', message: 'The client left.', retry: false })
    case 'hello':
      return sendError(link, 'frame_invalid', 'hello came twice')
  }
}

/** Answers a frame that is not sound where it can be answered; the link survives what is safe [R3]. */
export function receiveFault(link: Link, fault: FrameFault, text: string): void {
  const { session } = link
  const { code, message, number, subscription } = fault
  if (!session || !link.bound) return
  if (code === 'frame_unknown') {
    link.end({ code, message, retry: false })
  } else if (number !== null) {
    endIfTold(link, session.operations.receiveFaulty(number, fault, text))
  } else if (subscription) {
    link.writer.send({ type: 'unsubscribed', ...subscription, error: { code, message, retry: false } })
  } else {
    sendError(link, code, message)
  }
}

function sendError(link: Link, code: FrameFault['code'], message: string): void {
  link.writer.send({ type: 'error', code, message })
}

function endIfTold(link: Link, goodbye: Goodbye | null): void {
  if (goodbye) link.end(goodbye)
}
