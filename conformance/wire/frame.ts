export type Fields = Readonly<Record<string, unknown>>

/** A frame, as it came or is to be sent; sound or not. */
export type Frame = Fields & { readonly type: string }
