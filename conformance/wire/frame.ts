export type Fields = Readonly<Record<string, unknown>>

/** A frame, as it came or is to be sent; sound or not. */
export type Frame = Fields & { readonly type: string }

/** Whether it is an object with a type, which any frame has. */
export function isFrame(value: unknown): value is Frame {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
