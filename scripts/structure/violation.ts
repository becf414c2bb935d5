export interface Violation {
  readonly rule: string
  readonly path: string
  readonly line: number
  readonly message: string
}

export function describeViolation(violation: Violation): string {
  return `${violation.path}:${violation.line} ${violation.message} (${violation.rule})`
}
