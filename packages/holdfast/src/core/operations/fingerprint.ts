/** A 53-bit hash of a frame's text, to notice a number that comes again with other content [R20]. Not cryptographic. */
export function fingerprint(text: string): number {
  let high = 0x9e3779b1
  let low = 0x85ebca6b
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    high = Math.imul(high ^ unit, 2_654_435_761)
    low = Math.imul(low ^ unit, 1_597_334_677)
  }
  high = Math.imul(high ^ (low >>> 15), 2_246_822_507)
  low = Math.imul(low ^ (high >>> 13), 3_266_489_909)
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0)
}
