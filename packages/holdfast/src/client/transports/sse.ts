import { httpTransport, type HttpOptions } from './http-link.ts'
import type { Transport } from './transport.ts'

/** Server-sent events: the downlink is one response that does not end, read with `fetch`; the uplink is requests [R52]. */
export function sse(options?: HttpOptions): Transport {
  return httpTransport('sse', options, async (link) => {
    if (!(await link.mayHold())) {
      return link.ended({ code: 'connect_failed', message: 'Too many tabs hold a link.', retry: true })
    }
    const answer = await link.post('/sse')
    const reader = answer?.response.body?.getReader()
    const next = async (): Promise<Uint8Array | undefined> => (await reader?.read().catch(() => null))?.value
    const decoder = new TextDecoder()
    let bytes = await next()
    // Only now: a proxy that buffers would pass on the head and nothing after it.
    if (answer && bytes) link.opened(answer)
    for (; bytes; bytes = await next()) link.read(decoder.decode(bytes, { stream: true }))
    link.ended(null)
  })
}
