/** A straight line through points, and between which slopes the true one lies with 99 % confidence. */
export interface Trend {
  readonly slope: number
  readonly low: number
  readonly high: number
  /** Of the line through the median point. */
  at(x: number): number
}

export interface Point {
  readonly x: number
  readonly y: number
}

/** Of the normal distribution, for 99 % on both sides. */
const quantile = 2.576

/**
 * The estimator of Theil and Sen: the median of the slopes between all pairs of points. Unlike least squares it stays where it is
 * when some points are far off, as a heap is while a function has just been compiled. The interval is Sen's, by Kendall's
 * variance: it asks for no normal distribution.
 * @throws RangeError for less than two points of different x
 */
export function trendOf(points: readonly Point[]): Trend {
  const slopes = points
    .flatMap((one, index) =>
      points.slice(index + 1).map((other) => ({ rise: other.y - one.y, run: other.x - one.x })),
    )
    .filter(({ run }) => run !== 0)
    .map(({ rise, run }) => rise / run)
    .toSorted((one, other) => one - other)
  if (slopes.length === 0) throw new RangeError('a trend needs points of different x')
  const { length } = points
  const spread = quantile * Math.sqrt((length * (length - 1) * (2 * length + 5)) / 18)
  const slopeNo = (place: number): number =>
    slopes[Math.min(slopes.length - 1, Math.max(0, Math.round(place)))] as number
  const slope = medianOf(slopes)
  const start = medianOf(points.map(({ x, y }) => y - slope * x))
  return {
    slope,
    low: slopeNo((slopes.length - spread) / 2 - 1),
    high: slopeNo((slopes.length + spread) / 2),
    at: (x) => start + slope * x,
  }
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2
}
