/**
 * A 32-bit hash of a frame's text, to notice a number that comes again with other content [R20]. Not cryptographic:
 * whoever makes two contents collide deceives nobody but itself.
 */
export function fingerprint(text: string): number {
  let hash = 0
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x9e3779b1)
    hash ^= hash >>> 15
  }
  return hash
}
