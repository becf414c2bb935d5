import type { Violation } from './violation.ts'

/** The lockfile has to serve everybody, whatever registry they install from: it names no host. */
export function checkLockfile(path: string, text: string): Violation[] {
  return text.split('\n').flatMap((line, index) => {
    const [, host] = /"resolved": "https?:\/\/([^/"]+)/.exec(line) ?? []
    return host === undefined
      ? []
      : [{ rule: 'lockfile', path, line: index + 1, message: `names the host ${host}` }]
  })
}
