import type { SeededRandom } from './seeded-random.ts'
import type { VirtualLoop } from './virtual-loop.ts'

/** When virtual time begins: 1 January 2025, in milliseconds since 1970. */
export const wallStart: number = Date.UTC(2025, 0, 1)

/** What a simulated process takes from its surroundings, be it a hub's or a client's. */
export interface ProcessEnv {
  now(): number
  wallNow(): number
  random(): number
  randomName(): string
  setTimer(callback: () => void, delayMs: number): () => void
}

export function processEnv(loop: VirtualLoop, random: SeededRandom): ProcessEnv {
  return {
    now: loop.now,
    wallNow: () => wallNow(loop),
    random: () => random.next(),
    randomName: () => random.name(),
    setTimer: loop.setTimer,
  }
}

/** The wall clock as a process sees it. */
export function wallNow(loop: VirtualLoop): number {
  return Math.floor(wallStart + loop.clock.now + loop.wallAheadMs)
}
