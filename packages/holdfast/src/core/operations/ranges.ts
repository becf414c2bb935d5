import type { Range } from '../wire/frames.ts'

/** Ascending numbers, also repeated ones, as ranges: 1, 2, 2, 3, 7 → [1, 3], [7, 7]. */
export function toRanges(ascending: Iterable<number>): Range[] {
  const ranges: [number, number][] = []
  for (const number of ascending) {
    const latest = ranges.at(-1)
    if (latest && number <= latest[1] + 1) latest[1] = number
    else ranges.push([number, number])
  }
  return ranges
}

/** Tells of numbers, which have to be asked in ascending order, whether the ascending ranges include them. */
export function includes(ranges: readonly Range[]): (number: number) => boolean {
  let at = 0
  return (number) => {
    while (at < ranges.length && (ranges[at]?.[1] ?? 0) < number) at++
    return (ranges[at]?.[0] ?? Infinity) <= number
  }
}
