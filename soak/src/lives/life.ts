import type { Ports } from '../processes.ts'

/** What a life finds when it begins. */
export interface World {
  readonly ports: Ports
  /** Different for each life. */
  readonly number: number
}

/**
 * A connection's life, or that of several that belong together, from the first byte to the end that its name tells. It
 * throws if it did not come to that end.
 */
export type Life = (world: World) => Promise<unknown>

export interface KindOfLife {
  /** Of all lives this share, relative to the others. */
  readonly share: number
  /** Links that it begins. */
  readonly links: number
  readonly live: Life
}

/** Kinds of life by their names. */
export type KindsOfLife = Readonly<Record<string, KindOfLife>>

export function kind(share: number, links: number, live: Life): KindOfLife {
  return { share, links, live }
}
