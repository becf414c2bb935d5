import type { LinkRequest, LinkEvents, LinkSocket } from '../server/transports/link-socket.ts'
import type { HttpExchange } from '../server/http/exchange.ts'
import type { HttpFaults } from './http/http-faults.ts'
import type { MemoryPipe } from './memory-pipe.ts'
import type { VirtualLoop } from './virtual-loop.ts'

/** A running hub, as the network reaches it. */
export interface HubPeer {
  readonly loop: VirtualLoop
  readonly maxFrameBytes: number
  /** It takes no connections any more. */
  readonly refusing: boolean
  /** A WebSocket was opened. */
  accept(socket: LinkSocket, request: LinkRequest): LinkEvents
  /** The head of an HTTP request arrived. */
  exchange(exchange: HttpExchange): void
}

/** A frame as the client sent or read it. */
export interface RecordedFrame {
  readonly at: number
  readonly direction: 'up' | 'down'
  readonly text: string
}

export type Side = 'client' | 'hub'

/**
 * One link of a client to the hub, as the network between them sees it: what a test can look at, and what it can do
 * to the link, whatever transport it runs over.
 */
export interface NetworkLink {
  /** What the client sent and read. */
  readonly frames: readonly RecordedFrame[]
  /** What carries the client's frames to the hub. */
  readonly up: MemoryPipe
  /** What carries the hub's frames to the client. */
  readonly down: MemoryPipe
  /** Bytes that the client sent and that have not left yet. */
  readonly bufferedBytes: number
  /** Neither end has any connection of it any more. */
  readonly gone: boolean
  /** What only happens to a link over HTTP. */
  readonly http: HttpFaults | null
  goneAt(side: Side): boolean
  /** How many frames of a type the client sent or read. */
  count(direction: RecordedFrame['direction'], type: string): number
  /**
   * Every connection of the link is reset: what is in flight is lost, and nothing of the link ever passes again. A side
   * that is not named never hears of it.
   */
  cut(...sides: Side[]): void
  /** One side is told that its connections are closed; what is in flight still arrives. Late, it changes nothing. */
  tellClosed(side: Side): void
  /** Half-open: packets vanish and nobody is told. */
  vanish(...directions: RecordedFrame['direction'][]): void
  /** The hub's process is gone; its kernel still sends what it has, and resets. */
  hubDied(): void
}

/** How many of the frames have a type. */
export function countFrames(
  frames: readonly RecordedFrame[],
  direction: RecordedFrame['direction'],
  type: string,
): number {
  const start = `{"type":"${type}"`
  return frames.filter((frame) => frame.direction === direction && frame.text.startsWith(start)).length
}
