/** A setting from the environment. */
export function textFrom(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set; start the example as its README says`)
  return value
}

export function numberFrom(name: string, otherwise: number): number {
  const text = process.env[name]
  if (!text) return otherwise
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value <= 0) throw new Error(`${name} must be a positive integer`)
  return value
}

/** The port from the environment, 0 for any that is free. Ends the process if it is none. */
export function portFrom(name: string, otherwise: number): number {
  const port = Number(process.env[name] ?? otherwise)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  console.error(`${name} must be a number from 0 to 65535, not ${process.env[name]}.`)
  process.exit(1)
}
