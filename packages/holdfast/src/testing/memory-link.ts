import type { TransportEvents, TransportLink } from '../client/transports/transport.ts'
import { errorTable } from '../core/wire/error-table.ts'
import type { LinkEvents, LinkRequest, LinkSocket } from '../server/transports/link-socket.ts'
import { webSocketFrame } from '../server/transports/websocket-frame.ts'
import { FrameCutter } from './frame-cutter.ts'
import { MemoryPipe, type PipeConditions } from './memory-pipe.ts'
import { countFrames, type HubPeer, type NetworkLink, type RecordedFrame, type Side } from './network-link.ts'
import type { End, Wiretap } from './wiretap.ts'
import type { VirtualClock } from './virtual-clock.ts'
import type { VirtualLoop } from './virtual-loop.ts'

/** What the client's WebSocket tells when there was no close frame. */
const abnormal = 1006
const tooLarge = 1009

/** One simulated WebSocket connection, with everything that can happen to it on the way. */
export class MemoryLink implements TransportLink, NetworkLink {
  readonly http = null
  readonly frames: RecordedFrame[] = []
  readonly up: MemoryPipe
  readonly down: MemoryPipe
  readonly #clock: VirtualClock
  readonly #client: VirtualLoop
  readonly #clientEvents: TransportEvents
  readonly #hub: HubPeer
  readonly #request: LinkRequest
  readonly #wiretap: Wiretap | null
  readonly #upCutter: FrameCutter
  readonly #downCutter = new FrameCutter()
  #clientState: 'opening' | 'open' | 'closing' | 'closed' = 'opening'
  #hubState: 'opening' | 'open' | 'closing' | 'closed' = 'opening'
  #hubEvents: LinkEvents | null = null

  constructor(
    clock: VirtualClock,
    conditions: PipeConditions,
    client: { readonly loop: VirtualLoop; readonly events: TransportEvents },
    hub: HubPeer,
    request: LinkRequest,
    wiretap: Wiretap | null = null,
  ) {
    this.#wiretap = wiretap
    this.#clock = clock
    this.#client = client.loop
    this.#clientEvents = client.events
    this.#hub = hub
    this.#request = request
    this.#upCutter = new FrameCutter(hub.maxFrameBytes)
    const clientLoop = (): VirtualLoop => client.loop
    const hubLoop = (): VirtualLoop => hub.loop
    this.up = new MemoryPipe(clock, conditions, { sender: clientLoop, receiver: hubLoop }, (bytes) =>
      this.#hubRead(bytes),
    )
    this.down = new MemoryPipe(clock, conditions, { sender: hubLoop, receiver: clientLoop }, (bytes) =>
      this.#clientRead(bytes),
    )
    this.up.mark(() => this.#accepted())
  }

  get gone(): boolean {
    return this.goneAt('client') && this.goneAt('hub')
  }

  goneAt(side: Side): boolean {
    if (side === 'client') return this.#clientState === 'closed'
    return this.#hubEvents === null || this.#hubState === 'closed'
  }

  get bufferedBytes(): number {
    return this.up.waitingBytes
  }

  send(text: string): void {
    if (this.#clientState !== 'open') return
    this.#record('up', text)
    const frame = webSocketFrame(text)
    this.#tap('client', 'up', frame)
    this.up.write(frame, null)
  }

  close(): void {
    if (this.#clientState === 'opening') return this.#closeOpening()
    if (this.#clientState === 'open') this.#clientState = 'closing'
    this.up.mark(() => {
      this.down.mark(() => this.#clientClosed(1000))
      this.#hubClosed()
    })
  }

  abandon(): void {
    if (this.#clientState === 'closed') return
    this.#clientState = 'closed'
    this.down.drop()
    this.up.mark(() => this.#hubClosed())
  }

  cut(...sides: Side[]): void {
    this.up.drop()
    this.down.drop()
    const told = sides.length > 0 ? sides : (['client', 'hub'] as const)
    if (told.includes('client')) this.#client.io(() => this.#clientClosed(abnormal))
    if (told.includes('hub')) this.#hub.loop.io(() => this.#hubClosed())
  }

  tellClosed(side: Side): void {
    if (side === 'client') this.#client.io(() => this.#clientClosed(abnormal))
    else this.#hub.loop.io(() => this.#hubClosed())
  }

  vanish(...directions: RecordedFrame['direction'][]): void {
    const lost = directions.length > 0 ? directions : (['up', 'down'] as const)
    if (lost.includes('up')) this.up.vanish()
    if (lost.includes('down')) this.down.vanish()
  }

  hubDied(): void {
    this.#hubState = 'closed'
    this.up.drop()
    this.down.dropUnsent()
    this.down.mark(() => this.#clientClosed(abnormal))
  }

  count(direction: RecordedFrame['direction'], type: string): number {
    return countFrames(this.frames, direction, type)
  }

  /** The attempt fails: it never was open. */
  #closeOpening(): void {
    this.#clientState = 'closing'
    this.down.drop()
    this.up.mark(() => this.#hubClosed())
    this.#client.io(() => this.#clientClosed(abnormal))
  }

  #accepted(): void {
    if (this.#clientState === 'closed') return
    if (this.#hub.refusing) return this.hubDied()
    this.#hubState = 'open'
    this.down.mark(() => {
      if (this.#clientState !== 'opening') return
      this.#clientState = 'open'
      this.#clientEvents.opened()
    })
    this.#hubEvents = this.#hub.accept(this.#socket(), this.#request)
  }

  #socket(): LinkSocket {
    return {
      encode: webSocketFrame,
      framed: (slice) => slice,
      abandoned: false,
      write: (parts, written) => {
        if (this.#hubState !== 'open') return
        for (const part of parts) this.#tap('hub', 'down', part)
        for (const [index, part] of parts.entries())
          this.down.write(part, index === parts.length - 1 ? written : null)
      },
      close: (code) => {
        if (this.#hubState === 'open') this.#closeByHub(errorTable[code].closeCode ?? 1000)
      },
      destroy: () => {
        if (this.#hubState === 'closed') return
        this.#hub.loop.io(() => this.#hubClosed())
        this.down.mark(() => this.#clientClosed(abnormal))
      },
    }
  }

  #closeByHub(closeCode: number): void {
    this.#hubState = 'closing'
    this.down.mark(() => {
      if (this.#clientState !== 'closed') this.up.mark(() => this.#hubClosed())
      this.#clientClosed(closeCode)
    })
  }

  #hubRead(bytes: Uint8Array): void {
    if (this.#hubState === 'closed') return
    this.#tap('hub', 'up', bytes)
    const texts = this.#upCutter.push(bytes)
    if (texts === 'too_large') {
      if (this.#hubState === 'open') this.#closeByHub(tooLarge)
      return
    }
    for (const text of texts) this.#hubEvents?.received(text)
  }

  #clientRead(bytes: Uint8Array): void {
    this.#tap('client', 'down', bytes)
    const texts = this.#downCutter.push(bytes)
    if (texts === 'too_large') throw new Error('the client takes frames of any size')
    for (const text of texts) {
      if (this.#clientState === 'closed') return
      this.#record('down', text)
      this.#clientEvents.received(text)
    }
  }

  #tap(end: End, direction: 'up' | 'down', bytes: Uint8Array): void {
    this.#wiretap?.passed(this, this, end, direction, bytes)
  }

  #clientClosed(closeCode: number): void {
    if (this.#clientState === 'closed') return
    this.#clientState = 'closed'
    const message = 'A frame was too large for the hub.'
    this.#clientEvents.closed(
      closeCode === tooLarge ? { code: 'frame_too_large', message, retry: true } : null,
    )
  }

  #hubClosed(): void {
    if (this.#hubState === 'closed') return
    this.#hubState = 'closed'
    this.up.drop()
    this.#hubEvents?.closed()
  }

  #record(direction: RecordedFrame['direction'], text: string): void {
    this.frames.push({ at: this.#clock.now, direction, text })
  }
}
