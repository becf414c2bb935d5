import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PageFiles } from './page-files.ts'
import type { SignIn } from './sign-in.ts'

const maxBodyBytes = 1_024

/** An example's web server without its hub: the page's files and the sign-in. */
export function httpListener(
  pageFiles: PageFiles,
  signIn: SignIn,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    if (request.method === 'POST' && request.url === '/sign-in') {
      answerSignIn(signIn, request, response).catch(() => response.destroy())
    } else if (!pageFiles.serve(request, response)) {
      request.resume()
      reply(response, 404, { error: 'There is nothing here.' })
    }
  }
}

async function answerSignIn(
  signIn: SignIn,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request)
  const token = signIn.tokenFor(nameIn(body))
  if (token === null) reply(response, 400, { error: 'Nobody can have this name.' })
  else reply(response, 200, { token })
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBodyBytes) throw new RangeError('the body is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function nameIn(body: string): unknown {
  try {
    return (JSON.parse(body) as { name?: unknown } | null)?.name
  } catch {
    return undefined
  }
}

function reply(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(value))
}
