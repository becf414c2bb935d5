const finalText = 0x81

/** A text as one complete, unmasked, uncompressed WebSocket frame (RFC 6455, 5.2). */
export function webSocketFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const headerLength = length < 126 ? 2 : length < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafe(headerLength + length)
  frame[0] = finalText
  if (headerLength === 2) {
    frame[1] = length
  } else if (headerLength === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.write(text, headerLength)
  return frame
}

/** Calls back with the place of each text in a row of frames such as `webSocketFrame` makes. */
export function eachText(frames: Buffer, callback: (start: number, end: number) => void): void {
  let next = 0
  while (next < frames.length) {
    const short = frames.readUInt8(next + 1)
    const start = next + (short < 126 ? 2 : short === 126 ? 4 : 10)
    const length =
      short < 126
        ? short
        : short === 126
          ? frames.readUInt16BE(next + 2)
          : Number(frames.readBigUInt64BE(next + 2))
    next = start + length
    callback(start, next)
  }
}
