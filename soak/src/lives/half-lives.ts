import { helloOf, newCaller, openLink, post, textFrame, transportNames, upgradeRequest } from '../raw-link.ts'
import { RawSocket } from '../raw-socket.ts'
import { kind, type KindsOfLife, type World } from './life.ts'

const endOfHead = '\r\n\r\n'
const hello = (): string => JSON.stringify(helloOf(newCaller()))

/** How far one comes before nothing more follows. */
interface Steps {
  readonly first: string
  /** What has to have come before the second step. */
  readonly answer?: string
  readonly second?: string | Uint8Array
}

const halfRequests: Readonly<Record<string, () => Steps>> = {
  'half a request line': () => ({ first: 'GET /holdf' }),
  'half a head': () => ({ first: upgradeRequest().slice(0, 90) }),
  'half a body': () => ({ first: post('send', { 'content-length': '500' }, '{"type"') }),
  'an upgrade, nothing more': () => ({ first: upgradeRequest(), answer: endOfHead }),
  'an upgrade, half a hello': () => ({
    first: upgradeRequest(),
    answer: endOfHead,
    second: textFrame(hello()).subarray(0, 60),
  }),
  'an upgrade and a hello at once': () => ({
    first: upgradeRequest() + textFrame(hello()).toString('latin1'),
  }),
  'an upgrade and no JSON': () => ({
    first: upgradeRequest(),
    answer: endOfHead,
    second: textFrame('{"type":'),
  }),
  'a link over SSE, nothing more': () => ({ first: post('sse'), answer: ':' }),
  'a link over polls, nothing more': () => ({ first: post('poll'), answer: endOfHead }),
  'requests behind an open response': () => ({
    first: post('sse'),
    answer: ':',
    second: post('poll') + post('send', {}, hello()),
  }),
}

const endings: Readonly<Record<string, (socket: RawSocket) => unknown>> = {
  reset: (socket) => socket.reset(),
  ended: (socket) => socket.end(),
  // The hub or its server loses patience.
  kept: (socket) => socket.closed,
}

const halfHandshakes = Object.entries(halfRequests).flatMap(([name, steps]) =>
  Object.entries(endings).map(([ending, end]): [string, KindsOfLife[string]] => [
    `${name}, ${ending}`,
    kind(1, 1, ({ ports }) => handshake(ports.steady, steps(), end)),
  ]),
)

const refusals = {
  'a foreign page': kind(2, 1, ({ ports }) =>
    refused(ports.steady, upgradeRequest('Origin: https://elsewhere.example\r\n'), 'origin_forbidden'),
  ),
  'no subprotocol': kind(2, 1, ({ ports }) =>
    refused(ports.steady, upgradeRequest().replace('holdfast.v1', 'chat'), '400 Bad Request'),
  ),
  'a link that is unknown': kind(2, 1, ({ ports }) =>
    refused(ports.steady, post('poll', { 'holdfast-link': 'nobody' }), 'link_unknown'),
  ),
  'a path that is none': kind(2, 1, ({ ports }) => refused(ports.steady, post('nowhere'), ' 404 ')),
}

/** Whose credentials are not taken, over each transport. */
const strangers = Object.fromEntries(
  transportNames.flatMap((over) =>
    Object.entries({ refused: 'unauthenticated', broken: 'authenticate_failed', undecided: '' }).map(
      ([token, answer]) => [
        `a token that is ${token} (${over})`,
        kind(1, 1, async ({ ports }: World) => {
          const link = await openLink(over, ports.steady)
          await link.send(helloOf(newCaller(token)))
          if (answer) await link.has(answer)
          link.reset()
        }),
      ],
    ),
  ),
)

/** Lives that never get as far as a session. */
export const halfLives: KindsOfLife = { ...Object.fromEntries(halfHandshakes), ...refusals, ...strangers }

async function handshake(
  port: number,
  { first, answer, second }: Steps,
  end: (socket: RawSocket) => unknown,
): Promise<void> {
  const socket = new RawSocket(port)
  socket.write(Buffer.from(first, 'latin1'))
  if (answer !== undefined) await socket.has(answer)
  if (second !== undefined) socket.write(second)
  await socket.written()
  await end(socket)
  await socket.closed
}

async function refused(port: number, text: string, answer: string): Promise<void> {
  const socket = new RawSocket(port)
  socket.write(text)
  await socket.has(answer)
  socket.reset()
}
