import { webSocketProtocol } from '../../core/wire/version.ts'
import type { Transport, TransportEvents, TransportLink } from './transport.ts'

/** What is used of a WebSocket, in browsers and of the `ws` package. */
export interface WebSocketLike {
  readonly bufferedAmount: number
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number }) => void) | null
  onerror: ((event: unknown) => void) | null
  send(text: string): void
  close(): void
  terminate?(): void
}

/** WebSocket through the global class. */
export function websocket(): Transport {
  return webSocketTransport((url, protocol) => new WebSocket(url, protocol) as WebSocketLike)
}

export function webSocketTransport(make: (url: string, protocol: string) => WebSocketLike): Transport {
  return {
    name: 'websocket',
    open(url, events) {
      const address = new URL(url)
      address.protocol = address.protocol.replace('http', 'ws')
      return link(make(address.href, webSocketProtocol), events)
    },
  }
}

/** The only end without a goodbye: the frame was too large for the WebSocket layer itself [R43]. */
const frameTooLarge = 1009

const ignore = (): void => {}

function link(socket: WebSocketLike, events: TransportEvents): TransportLink {
  socket.onopen = () => events.opened()
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') events.received(data)
  }
  socket.onclose = ({ code }) => {
    const tooLarge = { code: 'frame_too_large', message: 'frame_too_large', retry: true } as const
    events.closed(code === frameTooLarge ? tooLarge : null)
  }
  // A `close` always follows an `error`; a late `error` without a listener would kill a Node process.
  socket.onerror = ignore
  return {
    send: (text) => socket.send(text),
    get bufferedBytes() {
      return socket.bufferedAmount
    },
    close: () => socket.close(),
    abandon() {
      socket.onopen = socket.onmessage = socket.onclose = null
      if (socket.terminate) socket.terminate()
      else socket.close()
    },
  }
}
