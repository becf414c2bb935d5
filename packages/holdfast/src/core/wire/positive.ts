/** @throws TypeError unless it is a positive integer or not given */
export function assertPositive(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return
  throw new TypeError(`${name} must be a positive integer`)
}
