import { assistant } from '../contract/rooms.ts'

const maxNameLength = 40

/** Anybody can be anybody, except the assistant. */
export function canHaveName(name: string): boolean {
  const sound = name.length > 0 && name.length <= maxNameLength && !/\p{Cc}/u.test(name)
  return sound && name.toLowerCase() !== assistant
}
