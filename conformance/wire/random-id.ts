import { randomBytes } from 'node:crypto'

/** An id of 128 random bits: tests share a server, and nothing else. */
export const randomId = (): string => randomBytes(16).toString('base64url')
