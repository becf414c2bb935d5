/**
 * Reads a stream of events whose text comes in pieces, cut anywhere [R52]: `received` gets the data of each line of data
 * once it is whole. Comments and lines of any other kind are passed over.
 */
export function eventParser(received: (data: string) => void): (piece: string) => void {
  let rest = ''
  return (piece) => {
    const lines = piece.split('\n')
    lines[0] = rest + lines[0]
    rest = lines.pop() ?? ''
    // Some proxies end lines with CR LF.
    for (const line of lines) if (line.startsWith('data:')) received(line.slice(5).trim())
  }
}
