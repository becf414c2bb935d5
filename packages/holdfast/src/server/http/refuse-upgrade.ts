import type { Duplex } from 'node:stream'

/**
 * Answers an upgrade with an HTTP error and lets go of the socket, also of one whose peer never closes its side. Node
 * takes its own `error` listener away before it emits `upgrade`: a reset would end the process.
 */
export function refuseUpgrade(socket: Duplex, status: string, problem: object | null = null): void {
  const body = problem ? JSON.stringify(problem) : ''
  const type = problem ? 'content-type: application/json\r\n' : ''
  const length = `content-length: ${Buffer.byteLength(body)}\r\n`
  socket.on('error', () => socket.destroy())
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\n${type}${length}connection: close\r\n\r\n${body}`)
}
