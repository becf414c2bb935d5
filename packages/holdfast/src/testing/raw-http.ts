import { once } from 'node:events'
import { request, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface HttpQuestion {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** Begins a request on a connection of its own; nothing that happens to it is an error. */
export function beginRequest(
  url: string,
  { method = 'POST', headers = {} }: HttpQuestion = {},
): ClientRequest {
  const begun = request(url, { method, headers, agent: false })
  begun.on('error', () => {})
  return begun
}

/** The answer's head; its body is still to be read. */
export async function headOf(begun: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(begun, 'response')) as [IncomingMessage]
  response.on('error', () => {})
  return response
}

/** Sends a request and reads the whole answer. */
export async function ask(url: string, question: HttpQuestion = {}): Promise<HttpAnswer> {
  const begun = beginRequest(url, question)
  begun.end(question.body)
  return answerTo(begun)
}

export async function answerTo(begun: ClientRequest): Promise<HttpAnswer> {
  const response = await headOf(begun)
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += chunk
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}

/** The code that a refusal names. */
export const codeIn = ({ body }: HttpAnswer): unknown => (JSON.parse(body) as { code?: unknown }).code

/** The frames in the events of a response, which hold nothing but them and comments. */
export function framesIn(events: string): Readonly<Record<string, unknown>>[] {
  return events
    .split('\n\n')
    .filter((event) => event !== '' && !event.startsWith(':'))
    .map((event) => {
      if (!event.startsWith('data: ') || event.includes('\n')) throw new Error(`no event: ${event}`)
      return JSON.parse(event.slice('data: '.length)) as Readonly<Record<string, unknown>>
    })
}
