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

/** Whether ascending ranges include the number. */
export function rangesInclude(ascending: readonly Range[], number: number): boolean {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    const [first, last] = ascending[middle] ?? [0, 0]
    if (number < first) high = middle
    else if (number > last) low = middle + 1
    else return true
  }
  return false
}
