import type { Pair } from './pair.ts'

/** All integers from the first to the last. */
export const upTo = (last: number, first: number = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

/** Publishes the numbers on the hub, one message each; told apart by them, and like their offsets if 1 is the first. */
export async function publishNumbers(pair: Pair, topic: string, numbers: readonly number[]): Promise<void> {
  await pair.clock.settled(Promise.all(numbers.map((number) => pair.hub.publish(topic, number))))
}
