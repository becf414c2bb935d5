/** The longest wait between two attempts before jitter, in milliseconds [R44]. */
export const maxBackoffMs = 30_000
const firstBackoffMs = 1_000
const jitter = 0.3

/** The wait after the `failures`-th failed attempt in a row: 1, 2, 4 … 30 s plus up to 30 % [R44]. */
export function backoffMs(failures: number, random: number): number {
  const exponential = firstBackoffMs * 2 ** Math.min(failures - 1, 10)
  return Math.round(Math.min(maxBackoffMs, exponential) * (1 + jitter * random))
}

/** The wait before the first retry after the loss of a proved link, spread evenly over the hub's spread [R44]. */
export function spreadOutMs(spreadMs: number, random: number): number {
  return Math.round(Math.max(firstBackoffMs, spreadMs) * random)
}
