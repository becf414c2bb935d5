import { describe, expect, test } from 'vitest'
import { checkPlantedBugs } from './planted-bugs.ts'
import { checkRules } from './rules.ts'
import { checkScenarios } from './scenarios.ts'
import { describeViolation } from './violation.ts'

describe('rules', () => {
  const twoRules = '- **[R1]** A frame is JSON [R2].\n  More of it.\n- **[R2]** Unknown fields are ignored.\n'
  const check = (text: string): string[] =>
    checkRules('PROTOCOL.md', twoRules, new Map([['e2e/a.test.ts', text]])).map(describeViolation)

  test('a rule that no title names is reported, at its place', () => {
    expect(check("test('[R1] a frame is JSON', () => {}) // [R2]")).toEqual([
      'PROTOCOL.md:3 no test names [R2] in its title (rules)',
    ])
  })

  test('a title that names a rule which does not exist is reported', () => {
    expect(check("test('[R1, R2] frames', () => {})\ntest('[R3] more', () => {})")).toEqual([
      'e2e/a.test.ts:2 names R3, a rule that PROTOCOL.md does not have (rules)',
    ])
  })

  test.each([
    "describe('[R1, R2] frames', () => { test('are JSON', () => {}) })",
    "describe('[R1] frames', () => { describe.each(kinds)('[R2] %s', () => { it('is JSON', () => {}) }) })",
    "describe.skipIf(noBrowser).concurrent('[R1] frames [R2]', () => { test.for(kinds)('%s', () => {}) })",
    "test.each([['[R1] one'], ['[R2] two']])('%s', () => {})",
    "test.each(['[R1] one', '[R2] two'])('%s', () => {})",
    "describe.each(transports)('%s', () => { test(`[R1] over ${it} [R2]`, () => {}) })",
    "it.runIf(browser)('[R1] one [R2]', () => {})",
    "overHttp.test('[R1] one [R2]', { timeout: 1, skip: false }, () => {})",
  ])('%s names both', (text) => {
    expect(check(text)).toEqual([])
  })

  test.each([
    "test.skip('[R1] one', () => {})",
    "test.skip.each(['[R1] one'])('%s', () => {})",
    "test.todo('[R1] one')",
    "test('[R1] one', { skip: true }, () => {})",
    "log('[R1] one')",
    "pattern.test('[R1] one')",
    "void /x/.test('[R1] one', () => {})",
    "test('[R1] one')",
    "describe('[R1] one', () => {})",
    "describe('[R1] one', () => { pattern.test('one') })",
    "describe('[R1] one', () => { test.skip('a', () => {}); it.todo('b'); describe('c', () => {}) })",
    "describe('[R1] one', () => { describe.skip('a', () => { test('b', () => {}) }) })",
    "describe.skip('a', () => { describe('b', () => { test('[R1] one', () => {}) }) })",
    "describe.each(['[R1] one'])('%s', () => {})",
  ])('%s names none', (text) => {
    expect(check(`test('[R2] two', () => {})\n${text}`)).toEqual([
      'PROTOCOL.md:1 no test names [R1] in its title (rules)',
    ])
  })
})

describe('scenarios', () => {
  const document =
    '| S1 | sockets | [a](../e2e/a.test.ts) | why |\n| S2 | table | [a](../e2e/a.test.ts) | why |\n'
  const check = (text: string, rows = document): string[] =>
    checkScenarios('docs/testing.md', rows, new Map([['e2e/a.test.ts', text]])).map(describeViolation)

  test('one that is named where its row says is fine', () => {
    expect(check("test('S1 S2 both', () => {})")).toEqual([])
  })

  test('one that no title of the file names is reported, and so is a row without a file', () => {
    expect(check("test('S1 one', () => {}) // S2")).toEqual([
      'docs/testing.md:2 no test in e2e/a.test.ts names S2 in its title (scenarios)',
    ])
    expect(check('', '| S1 | sockets | nowhere | why |')).toEqual([
      'docs/testing.md:1 S1 names no test (scenarios)',
    ])
  })

  test('a title that names one which is not listed is reported', () => {
    expect(check("test('S1 S2', () => {})\ntest('S3 more', () => {})")).toEqual([
      'e2e/a.test.ts:2 names S3, which docs/testing.md does not list (scenarios)',
    ])
  })

  test.each([
    "describe('S2 two', () => {})",
    "describe('S2 two', () => { test.skip('a', () => {}) })",
    "pattern.test('S2 two')",
  ])('%s proves none', (text) => {
    expect(check(`test('S1 one', () => {})\n${text}`)).toEqual([
      'docs/testing.md:2 no test in e2e/a.test.ts names S2 in its title (scenarios)',
    ])
  })
})

describe('planted bugs', () => {
  const path = 'packages/holdfast/src/testing/mutants/of-links.ts'
  const bugs =
    "export const bugs = [{ name: 'a-b', bug: 'x', changes: [], seed: 1_354 }, { name: 'c', seed: 2 }]"
  const check = (...rows: readonly string[]): string[] =>
    checkPlantedBugs('docs/testing.md', rows.join('\n'), new Map([[path, bugs]])).map(describeViolation)

  test('names and seeds that agree are fine', () => {
    expect(check('| `a-b` | x | 1,354 |', '| `c` | y | 2 |')).toEqual([])
  })

  test('a bug that is listed with another seed, twice or not at all is reported', () => {
    expect(check('| `a-b` | x | 1,353 |')).toEqual([
      `${path}:1 plants a-b, caught by seed 1354; docs/testing.md says: 1353 (planted bugs)`,
      `${path}:1 plants c, caught by seed 2; docs/testing.md says: nothing (planted bugs)`,
    ])
    expect(check('| `a-b` | x | 1,354 |', '| `c` | y | 2 |', '| `c` | y | 2 |')).toEqual([
      `${path}:1 plants c, caught by seed 2; docs/testing.md says: 2 and 2 (planted bugs)`,
    ])
  })

  test('a row of a bug that is planted nowhere is reported', () => {
    expect(check('| `a-b` | x | 1,354 |', '| `c` | y | 2 |', '| `d` | z | 3 |')).toEqual([
      'docs/testing.md:3 lists d, which is planted nowhere (planted bugs)',
    ])
  })
})
