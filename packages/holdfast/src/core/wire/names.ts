/** A name longer than this in UTF-8 is refused [R6]. */
export const maxNameBytes = 255

/** Whether it is a topic or method name [R6]: no control character (Cc), no lone surrogate (Cs). */
export const isName = (name: unknown): name is string =>
  typeof name === 'string' && /^[^\p{Cc}\p{Cs}]{1,255}$/u.test(name) && utf8Length(name) <= maxNameBytes

/** The length of a text in UTF-8, in bytes. Of a lone surrogate, which JSON escapes, it counts two of three bytes. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    const isSurrogate = (unit & 0xf800) === 0xd800
    bytes += unit < 0x80 ? 1 : unit < 0x800 || isSurrogate ? 2 : 3
  }
  return bytes
}
