/** A name longer than this in UTF-8 is refused [R6]. */
export const maxNameBytes = 255

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

/** Why a string is no topic or method name [R6], or null. */
export function nameProblem(name: unknown): string | null {
  if (typeof name !== 'string') return 'must be a string'
  if (name === '') return 'is empty'
  if (name.length > maxNameBytes || utf8Length(name) > maxNameBytes)
    return `is longer than ${maxNameBytes} bytes`
  if (controlCharacter.test(name)) return 'has a control character'
  if (loneSurrogate.test(name)) return 'has a lone surrogate'
  return null
}

/** The length of a string in UTF-8, in bytes; a lone surrogate counts as its replacement character. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    bytes += unit < 0x800 ? 1 : 2
    const pair = unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00
    if (pair) index++
  }
  return bytes
}
