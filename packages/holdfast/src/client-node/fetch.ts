import { Agent, request as requestHttp, type IncomingMessage } from 'node:http'
import { Agent as SecureAgent, request as requestHttps } from 'node:https'
import { text } from 'node:stream/consumers'
import type { Fetch, FetchResponse } from '../client/fetch.ts'

/** The connections of the requests that share a signal. */
const agents = new WeakMap<AbortSignal, Agent>()

/**
 * Requests over Node's own HTTP client. Those with the same signal share connections, and when it fires all of these are
 * closed, idle ones too: the global `fetch` would keep them in a pool that nobody owns. An idle connection does not keep the
 * process alive, a response that is awaited or still open does. Redirects are not followed.
 */
export const nodeFetch: Fetch = (url, { method, headers, body, signal }) =>
  new Promise((resolve, reject) => {
    const secure = url.startsWith('https:')
    const options = { method, headers, signal, agent: agentOf(signal, secure) }
    const request = (secure ? requestHttps : requestHttp)(url, options)
    // Stays until the end: a late `error` without a listener would kill the process.
    request.on('error', reject)
    request.on('response', (response) => resolve(responseOf(response)))
    request.end(body)
  })

function agentOf(signal: AbortSignal, secure: boolean): Agent {
  const known = agents.get(signal)
  if (known) return known
  const agent = secure ? new SecureAgent({ keepAlive: true }) : new Agent({ keepAlive: true })
  agents.set(signal, agent)
  signal.addEventListener('abort', () => agent.destroy(), { once: true })
  return agent
}

function responseOf(response: IncomingMessage): FetchResponse {
  // Whoever reads is told by the reading.
  response.on('error', () => {})
  return {
    status: response.statusCode ?? 0,
    headers: { get: (name) => response.headers[name]?.toString() ?? null },
    body: {
      getReader() {
        const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>
        return {
          async read() {
            const { done = false, value } = await chunks.next()
            return value ? { done, value } : { done }
          },
        }
      },
    },
    text: () => text(response),
  }
}
