import type { Transport, TransportEvents } from '../client/transports/transport.ts'

export interface LinkCount {
  /** Links that are being opened. */
  readonly opening: number
  /** Links that are open, those too that are being closed in order. */
  readonly open: number
  /** The most that were ever being opened at once. */
  readonly mostOpening: number
  /** The most that were ever held at once, opening or open. */
  readonly most: number
}

/** Counts the links that a client holds: from its `open` until they are closed or the client lets go of them. */
export class CountedLinks implements LinkCount {
  opening = 0
  open = 0
  mostOpening = 0
  most = 0

  /** The same transport, counted. */
  over(transport: Transport): Transport {
    return {
      name: transport.name,
      open: (url, events, env) => {
        let phase: 'opening' | 'open' | 'gone' = 'opening'
        const move = (to: 'open' | 'gone'): void => {
          if (phase !== 'gone') this[phase]--
          phase = to
          if (to === 'open') this.open++
        }
        this.opening++
        this.mostOpening = Math.max(this.mostOpening, this.opening)
        this.most = Math.max(this.most, this.opening + this.open)
        const watched: TransportEvents = {
          opened: () => {
            if (phase === 'opening') move('open')
            events.opened()
          },
          received: (text) => events.received(text),
          closed: (departure) => {
            if (phase !== 'gone') move('gone')
            events.closed(departure)
          },
        }
        const link = transport.open(url, watched, env)
        return {
          get bufferedBytes() {
            return link.bufferedBytes
          },
          send: (text) => link.send(text),
          close: () => link.close(),
          abandon: () => {
            if (phase !== 'gone') move('gone')
            link.abandon()
          },
        }
      },
    }
  }
}
