/** @throws TypeError unless it is a positive integer or not given */
export function assertTimeout(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || (Number.isSafeInteger(timeoutMs) && timeoutMs > 0)) return
  throw new TypeError('timeoutMs must be a positive integer')
}
