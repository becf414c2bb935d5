import { inject, onTestFinished } from 'vitest'
import { HttpLink, type HttpLinkOptions } from './http-link.ts'
import type { Link, TransportName } from './link.ts'
import { WebSocketLink } from './websocket-link.ts'

/** Which of the two hubs: the one whose limits are those of the protocol, or the one that waits for half a second. */
export type HubName = 'patient' | 'impatient'

export interface OpenLinkOptions extends HttpLinkOptions {
  /** Default `websocket`. */
  readonly transport?: TransportName
  /** Default `patient`. */
  readonly hub?: HubName
}

/** Opens a link to the server under test. It ends with the test, which fails if anything unsound came over it. */
export async function openLink(options: OpenLinkOptions = {}): Promise<Link> {
  const { transport = 'websocket', hub, ...linkOptions } = options
  const address = addressOf(hub)
  const link =
    transport === 'websocket'
      ? await WebSocketLink.open(address, linkOptions)
      : await HttpLink.open(address, transport, linkOptions)
  onTestFinished(async () => {
    await link.drop()
    link.assertSound()
  })
  return link
}

export function addressOf(hub: HubName = 'patient'): string {
  const address = inject('conformanceAddress')
  return hub === 'patient' ? address : new URL('impatient', address).href
}
