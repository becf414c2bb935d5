import { expect, test } from 'vitest'
import type { Files } from './file-change.ts'
import { changesOf } from './operation.ts'
import { planFor } from './plan.ts'
import { sampleProject } from './sample-project.ts'

/** As they come from a folder. */
const sample: Files = new Map(
  [...sampleProject.keys()].sort().map((path) => [path, sampleProject.get(path) ?? '']),
)

test('the sample project gives a step of each kind, and each has something to do', () => {
  const plan = planFor(sample)
  expect(plan.map(({ step }) => `${step.number} ${step.kind}: ${step.title}`)).toEqual([
    '1 delete: Delete src/coupon.ts',
    '2 create: Create LICENSE',
    '3 edit: Name the licence in src/cart.ts',
    '4 edit: Name the licence in src/index.ts',
    '5 edit: Name the licence in src/money.ts',
    '6 edit: Name the licence in src/receipt.ts',
    '7 edit: Rename calcTotal to cartTotal',
    '8 create: Create test/cart.test.ts',
    '9 rename: Move src/money.ts to src/currency.ts',
    '10 edit: Release 1.5.0',
  ])
  for (const { operation } of plan) expect(changesOf(operation, sample)).not.toEqual([])
})

test('what nothing imports is found by reading, not by name', () => {
  const files = new Map([...sample, ['src/index.ts', "export * from './coupon.ts'\n"]])
  expect(
    planFor(files)
      .filter(({ step }) => step.kind === 'delete')
      .map(({ step }) => step.title),
  ).toEqual(['Delete src/receipt.ts'])
})

test('a step comes after those that it needs', () => {
  for (const { step } of planFor(sample))
    expect(step.dependsOn.every((number) => number < step.number)).toBe(true)
})
