import type { PlannedStep } from '../contract/run-event.ts'
import type { Files } from './file-change.ts'
import { importsOf, type Operation } from './operation.ts'

/** A step and how it is done. */
export interface PlannedWork {
  readonly step: PlannedStep
  readonly operation: Operation
}

type Draft = Omit<PlannedStep, 'number'> & { readonly operation: Operation }

const entry = 'src/index.ts'
const header = '// SPDX-License-Identifier: MIT\n'
const licence = `MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy of this software, to deal in it
without restriction. It is provided "as is", without warranty of any kind.
`
const test = `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cartTotal } from '../src/cart.ts'

test('the total counts every piece', () => {
  assert.equal(cartTotal([{ name: 'Apple', cents: 40, count: 3 }]), 120)
})
`

/** Looks at the files and decides what there is to tidy. */
export function planFor(files: Files): PlannedWork[] {
  const drafts: Draft[] = []
  /** Returns the number of the step. */
  const add = (draft: Draft): number => drafts.push(draft)

  const unused = unusedSources(files)
  for (const path of unused) add(deletion(path))
  const licenceStep = add(newFile('LICENSE', licence, 'package.json says MIT, and nothing else does.', []))
  for (const [path, content] of files) {
    if (!path.startsWith('src/') || unused.includes(path) || content.startsWith(header)) continue
    add(headerFor(path, licenceStep))
  }
  const renaming = add(identifierRenaming('calcTotal', 'cartTotal'))
  add(newFile('test/cart.test.ts', test, 'The cart has no test.', [renaming]))
  add(moving('src/money.ts', 'src/currency.ts'))
  add(releaseOf(files))
  return drafts.map(({ operation, ...step }, index) => ({ step: { number: index + 1, ...step }, operation }))
}

function unusedSources(files: Files): string[] {
  const paths = [...files.keys()].filter((path) => path.startsWith('src/'))
  const used = new Set(
    [...files].flatMap(([path, content]) => importsOf(path, content).map((imported) => imported.path)),
  )
  return paths.filter((path) => path !== entry && !used.has(path))
}

function deletion(path: string): Draft {
  return {
    kind: 'delete',
    title: `Delete ${path}`,
    why: 'Nothing imports it.',
    dependsOn: [],
    operation: { name: 'delete', path },
  }
}

function newFile(path: string, content: string, why: string, dependsOn: readonly number[]): Draft {
  return {
    kind: 'create',
    title: `Create ${path}`,
    why,
    dependsOn,
    operation: { name: 'create', path, content },
  }
}

function headerFor(path: string, licenceStep: number): Draft {
  return {
    kind: 'edit',
    title: `Name the licence in ${path}`,
    why: 'Every source says under which licence it stands.',
    dependsOn: [licenceStep],
    operation: { name: 'putOnTop', path, text: header },
  }
}

function identifierRenaming(from: string, to: string): Draft {
  return {
    kind: 'edit',
    title: `Rename ${from} to ${to}`,
    why: 'Names are full words.',
    dependsOn: [],
    operation: { name: 'renameIdentifier', from, to },
  }
}

function moving(from: string, to: string): Draft {
  return {
    kind: 'rename',
    title: `Move ${from} to ${to}`,
    why: 'It is about one currency; money comes in many.',
    dependsOn: [],
    operation: { name: 'move', from, to },
  }
}

function releaseOf(files: Files): Draft {
  const { version } = JSON.parse(files.get('package.json') ?? '{}') as { version?: string }
  const [major = '0', minor = '0'] = (version ?? '').split('.')
  const next = `${major}.${Number(minor) + 1}.0`
  return {
    kind: 'edit',
    title: `Release ${next}`,
    why: 'What was done goes out with a version of its own.',
    dependsOn: [],
    operation: { name: 'release', version: next, notes: ['Tidied up.'] },
  }
}
