import { connect, type Socket } from 'node:net'

/** A bare socket that asks for a WebSocket and then does only what it is told; errors on it are ignored. */
export function upgradeByHand(
  port: number,
  path = '/holdfast',
  protocol: string | null = 'holdfast.v1',
): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  const offer = protocol === null ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${offer}\r\n`,
  )
  return socket
}
