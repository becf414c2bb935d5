import { once } from 'node:events'
import { request, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { Frame } from './frame.ts'

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface HttpQuestion {
  /** Default POST. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Cuts the connection. */
  readonly signal?: AbortSignal
}

/** Sends a request on a connection of its own, and reads the whole answer. */
export async function post(url: string, question: HttpQuestion = {}): Promise<HttpAnswer> {
  const begun = beginPost(url, question)
  begun.end(question.body)
  return wholeAnswer(await headOf(begun))
}

export function beginPost(
  url: string,
  { method = 'POST', headers = {}, signal }: HttpQuestion = {},
): ClientRequest {
  return request(url, { method, headers, agent: false, ...(signal ? { signal } : {}) })
}

/** The answer's head; its body is still to be read. */
export async function headOf(begun: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(begun, 'response')) as [IncomingMessage]
  // A test may cut it off.
  begun.on('error', () => {})
  return response
}

export async function wholeAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}

/** The goodbye in the body of a refusal. */
export const refusalIn = ({ body }: HttpAnswer): Frame => JSON.parse(body) as Frame

/** The frames in whole events [R52], or null if there is anything else in them but comments. */
export function framesIn(events: string): string[] | null {
  const all = events.split('\n\n').filter((event) => event !== '' && !event.startsWith(':'))
  if (all.some((event) => !event.startsWith('data: ') || event.includes('\n'))) return null
  return all.map((event) => event.slice('data: '.length))
}
