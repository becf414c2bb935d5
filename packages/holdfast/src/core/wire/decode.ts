import { isSafeJson, maxJsonDepth } from './json.ts'
import { isName } from './names.ts'
import { count, type Check } from './shape.ts'
import type { Shapes } from './shapes.ts'

/** Why a frame was refused, and what it named, so that the answer can name it too [R3]. */
export interface FrameFault {
  readonly code: 'frame_invalid' | 'frame_unknown' | 'topic_invalid' | 'method_invalid'
  readonly message: string
  /** The frame's type, if it has one that this side knows. */
  readonly type: string | null
  /** Of a `publish`, `request` or `answer`: its number, if that is sound. The answer is then a `result`. */
  readonly number: number | null
  /** Of a `subscribe`: its topic and intent, if both are sound. The answer is then `unsubscribed`. */
  readonly subscription: { readonly topic: string; readonly intent: number } | null
}

export type Decoded<Frame> =
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'fault'; readonly fault: FrameFault }

/** Reads one frame and validates all of it; whatever arrives, it never throws. */
export function decodeFrame<Frame extends { readonly type: string }>(
  text: string,
  shapes: Shapes<Frame>,
): Decoded<Frame> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return fault({}, 'frame_invalid', 'not JSON', null)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return fault({}, 'frame_invalid', 'not a JSON object', null)
  }
  const fields = parsed as Record<string, unknown>
  const { type } = fields
  if (typeof type !== 'string') return fault(fields, 'frame_invalid', 'type must be a string', null)
  if (!Object.hasOwn(shapes, type)) {
    return fields['critical'] === true
      ? fault(fields, 'frame_unknown', `unknown critical frame ${JSON.stringify(type.slice(0, 64))}`, null)
      : { kind: 'ignored' }
  }
  if (!isSafeJson(parsed)) {
    return fault(
      fields,
      'frame_invalid',
      `nested deeper than ${maxJsonDepth} levels, or a key is __proto__`,
      type,
    )
  }
  return decodeKnown(fields, type as Frame['type'], shapes)
}

function decodeKnown<Frame extends { readonly type: string }>(
  fields: Record<string, unknown>,
  type: Frame['type'],
  shapes: Shapes<Frame>,
): Decoded<Frame> {
  const shape = shapes[type] as Record<string, Check>
  for (const field in shape) {
    const problem = shape[field]?.(fields[field], `${type}.${field}`)
    if (problem) return fault(fields, codeOf(field), problem, type)
  }
  if (type === 'result' && 'value' in fields === 'error' in fields) {
    return fault(fields, 'frame_invalid', 'result must have either value or error', type)
  }
  return { kind: 'frame', frame: fields as unknown as Frame }
}

function codeOf(field: string): FrameFault['code'] {
  if (field === 'topic') return 'topic_invalid'
  return field === 'method' ? 'method_invalid' : 'frame_invalid'
}

function fault(
  fields: Record<string, unknown>,
  code: FrameFault['code'],
  message: string,
  type: string | null,
): { kind: 'fault'; fault: FrameFault } {
  const { number, topic, intent } = fields
  const isOperation = type === 'publish' || type === 'request' || type === 'answer'
  return {
    kind: 'fault',
    fault: {
      code,
      message,
      type,
      number: isOperation && isCount(number) ? number : null,
      subscription: type === 'subscribe' && isName(topic) && isCount(intent) ? { topic, intent } : null,
    },
  }
}

const isCount = (value: unknown): value is number => count(value, '') === null
