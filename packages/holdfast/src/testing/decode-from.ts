import { decodeFrame, type FrameFault } from '../core/wire/decode.ts'
import type { ClientFrame, HubFrame } from '../core/wire/frames.ts'
import { decodeHubFrame } from '../core/wire/hub-frames.ts'
import { clientFrames } from '../core/wire/shapes.ts'

export type Received =
  | { readonly kind: 'frame'; readonly frame: ClientFrame | HubFrame }
  | { readonly kind: 'ignored' }
  /** A client notices only the code: it answers nothing, but leaves the link [R3]. */
  | { readonly kind: 'fault'; readonly fault: Pick<FrameFault, 'code'> & Partial<FrameFault> }

/** A text as its receiver reads it. */
export function decodeFrom(sender: 'client' | 'hub', text: string): Received {
  if (sender === 'client') return decodeFrame<ClientFrame>(text, clientFrames)
  const frame = decodeHubFrame(text)
  if (frame === null) return { kind: 'ignored' }
  return typeof frame === 'string' ? { kind: 'fault', fault: { code: frame } } : { kind: 'frame', frame }
}
