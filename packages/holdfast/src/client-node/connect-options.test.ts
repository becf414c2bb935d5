import { expect, test } from 'vitest'
import { connect } from './index.ts'

test.each([
  'ftp://localhost/holdfast',
  'http://localhost/holdfast#top',
  'http://ada:secret@localhost/',
  '/relative',
])('connect refuses %s, which leads to no hub', (url) => {
  expect(() => connect(url)).toThrow(TypeError)
})

test.each([
  { maxAttempts: 0 },
  { maxAttempts: 1.5 },
  { connectTimeoutMs: -1 },
  { connectTimeoutMs: Infinity },
  { outbox: { maxOperations: 0 } },
  { asks: { keepMs: 0 } },
])('connect refuses %j', (options) => {
  expect(() => connect('http://localhost/holdfast', options)).toThrow('must be a positive integer')
})
