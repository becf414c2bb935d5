import { afterEach, beforeEach } from 'vitest'
import type { ClientEnd, HubEnd, PortBench, PortPair } from './port-bench.ts'

/** Each test has a bench of its own. */
export function benchOf({ start }: PortPair): () => PortBench {
  let bench: PortBench | null = null
  beforeEach(async () => {
    bench = await start()
  })
  afterEach(async () => {
    await bench?.close()
    bench = null
  })
  return () => {
    if (!bench) throw new Error('only tests have a bench')
    return bench
  }
}

/** Both ends of a link that is open. */
export async function openedLink(
  bench: PortBench,
): Promise<{ readonly client: ClientEnd; readonly end: HubEnd }> {
  const client = bench.open()
  await bench.until(() => client.isOpen, 'it is open')
  const end = bench.ends.at(-1)
  if (!end) throw new Error('the hub did not hear of it')
  return { client, end }
}

/** A link whose downlink the hub holds in its hands: over long-poll, a poll waits there. One frame has come over it, `{"held":1}`. */
export async function heldLink(bench: PortBench): ReturnType<typeof openedLink> {
  const link = await openedLink(bench)
  // A poll acknowledges it.
  await written(bench, link.end, '{"held":1}')
  await bench.until(() => link.client.frames.length > 0, 'it arrives')
  return link
}

/** Writes a frame as one write, and waits until it is written. */
export async function written(bench: PortBench, end: HubEnd, text: string): Promise<void> {
  let done = false
  end.socket.write([end.socket.encode(text)], () => {
    done = true
  })
  await bench.until(() => done, 'it is written')
}

const sizes = [2, 125, 126, 127, 65_534, 65_535, 65_536, 65_537, 200_000]
const scripts = ['x', 'ü', '漢', '🎉']

/** JSON texts around every size at which a framing changes, in scripts of one to four bytes a character. */
export const framesOfManySizes: readonly string[] = sizes.flatMap((bytes) =>
  scripts.map((character) => textOf(bytes, character)),
)

/** As many characters as fit, and spaces for the rest. */
function textOf(bytes: number, character: string): string {
  const room = bytes - 2
  const count = Math.floor(room / Buffer.byteLength(character))
  return `"${character.repeat(count)}${' '.repeat(room - count * Buffer.byteLength(character))}"`
}
