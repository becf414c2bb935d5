import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { LinkErrorCode } from '../../core/wire/error-codes.ts'
import { errorTable } from '../../core/wire/error-table.ts'
import { refuseUpgrade } from '../http/refuse-upgrade.ts'
import { webSocketProtocol } from '../../core/wire/version.ts'
import type { Accept, LinkSocket } from './link-socket.ts'
import { webSocketFrame } from './websocket-frame.ts'

/**
 * How many fragments and reads a message may come in at most: a slow line delivers a frame in segments of a hundred
 * bytes, and each piece costs about that much beside its bytes.
 */
const leastPieceBytes = 16

/** Turns an HTTP upgrade into a link. */
export class WebSocketTransport {
  readonly #server: WebSocketServer
  readonly #accept: Accept

  constructor(maxFrameBytes: number, accept: Accept) {
    this.#accept = accept
    const maxPieces = Math.ceil(maxFrameBytes / leastPieceBytes)
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: maxFrameBytes,
      maxFragments: maxPieces,
      maxBufferedChunks: maxPieces,
      handleProtocols: (protocols) => (protocols.has(webSocketProtocol) ? webSocketProtocol : false),
    })
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    if (!offersProtocol(request)) {
      refuseUpgrade(socket, '400 Bad Request', {
        code: 'version_unsupported',
        message: `Offer the subprotocol ${webSocketProtocol}.`,
      })
      return
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      link(webSocket, socket, request, this.#accept)
    })
  }
}

function offersProtocol({ headers }: IncomingMessage): boolean {
  const offered = headers['sec-websocket-protocol'] ?? ''
  return offered.split(',').some((protocol) => protocol.trim() === webSocketProtocol)
}

/**
 * Whole frames are written to the upgraded socket itself, while `ws` parses and answers pings and closes. That is
 * safe because no compression is negotiated, nothing goes through `ws.send`, and writing stops once a close began.
 */
function link(webSocket: WebSocket, socket: Duplex, request: IncomingMessage, accept: Accept): void {
  const open = (): boolean => webSocket.readyState === webSocket.OPEN
  const linkSocket: LinkSocket = {
    encode: webSocketFrame,
    framed: (slice) => slice,
    abandoned: false,
    write(parts, written) {
      if (!open()) return
      let waited = false
      socket.cork()
      for (const [index, part] of parts.entries()) {
        if (index < parts.length - 1) socket.write(part)
        else socket.write(part, () => written(waited))
      }
      socket.uncork()
      waited = socket.writableLength > 0
    },
    close(code: LinkErrorCode) {
      if (open()) webSocket.close(errorTable[code].closeCode ?? 1_000)
    },
    destroy: () => webSocket.terminate(),
  }
  const events = accept(linkSocket, {
    headers: request.headers,
    remoteAddress: request.socket.remoteAddress ?? null,
  })
  webSocket.on('error', () => {})
  webSocket.on('close', () => events.closed())
  webSocket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) events.refused('Frames are text.')
    else events.received(data.toString())
  })
}
