/** A setting from the environment. */
export function textFrom(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set; start the chat with npm start`)
  return value
}

export function numberFrom(name: string, otherwise: number): number {
  const text = process.env[name]
  if (!text) return otherwise
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value <= 0) throw new Error(`${name} must be a positive integer`)
  return value
}
