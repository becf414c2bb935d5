import { STATUS_CODES } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { SeededRandom } from '../seeded-random.ts'
import { bothDirections, Faults, type Direction, type Disturbance, type FaultRule } from './fault.ts'
import { HttpHead } from './http-head.ts'
import { Lane } from './lane.ts'

export interface LineSettings {
  readonly targetPort: number
  readonly rules: readonly FaultRule[]
  readonly random: SeededRandom
  /** Called when both sides are closed. */
  readonly over: () => void
}

interface Passage {
  readonly far: Socket
  readonly up: Lane
  readonly down: Lane
}

/**
 * A connection through the proxy: a socket on the client's side and one on the hub's, with a lane in each direction.
 *
 *   reading the request's head ──▶ passing ──▶ frozen
 *               │                                 ▲
 *               ├── refuse ──▶ refused            │
 *               └── freeze ───────────────────────┘
 *
 * Without rules it passes from the first byte on. One that is frozen in one direction goes on passing in the other.
 */
export class Line {
  readonly #near: Socket
  readonly #settings: LineSettings
  readonly #over = new AbortController()
  readonly #requestHead = new HttpHead()
  #state: 'reading' | 'passing' | 'refused' | 'frozen' = 'reading'
  #faults = new Faults([], null)
  #passage: Passage | null = null
  /** What is sent this way vanishes. */
  readonly #frozen = new Set<Direction>()
  #cutTimer: NodeJS.Timeout | undefined

  constructor(near: Socket, settings: LineSettings) {
    this.#near = near
    this.#settings = settings
    this.#watch(near)
    near.on('data', (bytes) => this.#received(bytes))
    near.on('end', () => this.#ended())
    if (settings.rules.length === 0) this.#pass()
  }

  disturb(disturbance: Disturbance): void {
    switch (disturbance.type) {
      case 'cut':
        return this.#cut()
      case 'reset':
        return this.#reset()
      case 'freeze':
        return this.#freeze(disturbance.directions)
      case 'stall':
        for (const direction of disturbance.directions) this.#passage?.[direction].stall(disturbance.ms)
    }
  }

  #cut(): void {
    this.#near.destroy()
    this.#passage?.far.destroy()
  }

  #reset(): void {
    this.#near.resetAndDestroy()
    this.#passage?.far.resetAndDestroy()
  }

  #freeze(directions: readonly Direction[]): void {
    for (const direction of directions) {
      this.#frozen.add(direction)
      this.#passage?.[direction].discard()
    }
    // What did not reach the hub by now never does.
    const deaf = this.#state === 'reading' && this.#frozen.has('up')
    if (deaf || this.#frozen.size === bothDirections.length) this.#state = 'frozen'
  }

  #received(bytes: Buffer): void {
    if (this.#state === 'reading') {
      if (this.#requestHead.push(bytes)) this.#begin()
    } else if (this.#state === 'passing' && !this.#faults.get('swallow')) {
      this.#passage?.up.push(bytes)
    }
  }

  #ended(): void {
    if (this.#state === 'reading') this.#begin()
    if (this.#state === 'passing') this.#passage?.up.end()
    this.#forgetIfBothLeft()
  }

  /** On a frozen line neither side learns that the other has left, so neither would close it. */
  #forgetIfBothLeft(): void {
    const far = this.#passage?.far
    const bothLeft = far !== undefined && hasLeft(this.#near) && hasLeft(far)
    if (bothLeft && this.#frozen.size > 0) this.#cut()
  }

  /** The first request has come: now it is known which faults concern the connection. */
  #begin(): void {
    this.#faults = new Faults(this.#settings.rules, this.#requestHead.kind)
    const refuse = this.#faults.get('refuse')
    const cut = this.#faults.get('cut')
    if (cut) this.#cutTimer = setTimeout(() => this.#cut(), cut.afterMs)
    if (refuse) this.#refuse(refuse.status)
    else if (this.#faults.get('freeze')) this.#freeze(bothDirections)
    else this.#pass()
  }

  #refuse(status: number | 'none'): void {
    this.#state = 'refused'
    if (status === 'none') return void this.#near.destroy()
    const reason = STATUS_CODES[status] ?? ''
    this.#near.end(`HTTP/1.1 ${status} ${reason}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
  }

  #pass(): void {
    this.#state = 'passing'
    const near = this.#near
    const far = connect({ port: this.#settings.targetPort, host: '127.0.0.1', allowHalfOpen: true })
    this.#watch(far)
    const { random } = this.#settings
    const { signal } = this.#over
    const up = new Lane(near, far, this.#faults, random.fork(), signal)
    const down = new Lane(far, near, this.#faults, random.fork(), signal)
    this.#passage = { far, up, down }
    for (const direction of this.#frozen) this.#passage[direction].discard()
    const swallow = this.#faults.get('swallow') !== undefined
    up.push(this.#requestHead.bytes)
    if (swallow) {
      far.on('data', this.#passOnlyTheHead(down))
    } else {
      up.push(this.#requestHead.rest)
      far.on('data', (bytes) => {
        if (this.#state === 'passing') down.push(bytes)
      })
    }
    far.on('end', () => {
      if (this.#state === 'passing') down.end()
      this.#forgetIfBothLeft()
    })
  }

  #passOnlyTheHead(down: Lane): (bytes: Buffer) => void {
    const head = new HttpHead()
    return (bytes) => {
      if (this.#state !== 'passing' || !head.push(bytes)) return
      down.push(head.bytes)
      // What the lane has already is still sent.
      for (const direction of bothDirections) this.#frozen.add(direction)
      this.#state = 'frozen'
    }
  }

  #watch(socket: Socket): void {
    socket.setNoDelay(true)
    // `close` follows.
    socket.on('error', () => {})
    socket.on('close', (failed) => this.#closed(socket, failed))
  }

  /** What happens to one side happens to the other; an end in order is passed on by the lane, after what came before it. */
  #closed(socket: Socket, failed: boolean): void {
    const far = this.#passage?.far
    const other = socket === far ? this.#near : far
    const inOrder = !failed && socket.readableEnded
    if (!this.#frozen.has(socket === far ? 'down' : 'up') && !inOrder) other?.destroy()
    this.#forgetIfBothLeft()
    if (!this.#near.closed || far?.closed === false) return
    clearTimeout(this.#cutTimer)
    this.#over.abort()
    this.#settings.over()
  }
}

const hasLeft = (socket: Socket): boolean => socket.readableEnded || socket.destroyed
