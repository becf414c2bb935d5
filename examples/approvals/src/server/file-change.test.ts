import { expect, test } from 'vitest'
import { diffOf } from './file-change.ts'

test('an edit is shown with the lines around it', () => {
  const before = 'one\ntwo\nthree\nfour\nfive\nsix\n'
  const [diff] = diffOf([{ path: 'a.ts', before, after: before.replace('six', 'SIX') }])
  expect(diff).toEqual({
    oldPath: 'a.ts',
    newPath: 'a.ts',
    hunks: [{ oldStart: 3, newStart: 3, lines: [' three', ' four', ' five', '-six', '+SIX'] }],
  })
})

test('a new file and a deleted one', () => {
  expect(diffOf([{ path: 'a.ts', before: null, after: 'x\n' }])).toEqual([
    { oldPath: null, newPath: 'a.ts', hunks: [{ oldStart: 1, newStart: 1, lines: ['+x'] }] },
  ])
  expect(diffOf([{ path: 'a.ts', before: 'x\n', after: null }])).toEqual([
    { oldPath: 'a.ts', newPath: null, hunks: [{ oldStart: 1, newStart: 1, lines: ['-x'] }] },
  ])
})

test('one that goes and one that comes are one that moves', () => {
  const changes = [
    { path: 'a.ts', before: 'x\n', after: null },
    { path: 'b.ts', before: null, after: 'x\n' },
    { path: 'c.ts', before: 'a\n', after: 'b\n' },
  ]
  expect(diffOf(changes).map(({ oldPath, newPath, hunks }) => [oldPath, newPath, hunks.length])).toEqual([
    ['a.ts', 'b.ts', 0],
    ['c.ts', 'c.ts', 1],
  ])
})
