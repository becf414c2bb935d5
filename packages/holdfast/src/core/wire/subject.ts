import type { Subject } from './frames.ts'

export function sameSubject(one: Subject, other: Subject): boolean {
  return one.user === other.user && one.tenant === other.tenant
}
