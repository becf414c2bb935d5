import { expect, test } from 'vitest'
import { changesOf, type Operation } from './operation.ts'

const files = new Map([
  ['package.json', '{\n  "name": "shop",\n  "version": "1.4.0"\n}\n'],
  ['CHANGELOG.md', '# Changelog\n\n## 1.4.0\n\n- Older.\n'],
  ['src/cart.ts', "import { euros } from './money.ts'\nexport const calcTotal = 1\nconst calcTotals = 2\n"],
  ['src/money.ts', 'export const euros = 1\n'],
  [
    'test/cart.test.ts',
    "import { calcTotal } from '../src/cart.ts'\nimport { euros } from '../src/money.ts'\n",
  ],
])

function after(operation: Operation): Record<string, string | null> {
  return Object.fromEntries(changesOf(operation, files).map(({ path, after }) => [path, after]))
}

test('an identifier is renamed wherever it stands, and only where it stands alone', () => {
  expect(after({ name: 'renameIdentifier', from: 'calcTotal', to: 'cartTotal' })).toEqual({
    'src/cart.ts': "import { euros } from './money.ts'\nexport const cartTotal = 1\nconst calcTotals = 2\n",
    'test/cart.test.ts':
      "import { cartTotal } from '../src/cart.ts'\nimport { euros } from '../src/money.ts'\n",
  })
})

test('a file that moves takes the imports that name it along', () => {
  const changes = after({ name: 'move', from: 'src/money.ts', to: 'src/currency/euro.ts' })
  expect(changes['src/money.ts']).toBeNull()
  expect(changes['src/currency/euro.ts']).toBe('export const euros = 1\n')
  expect(changes['src/cart.ts']).toContain("from './currency/euro.ts'")
  expect(changes['test/cart.test.ts']).toContain("from '../src/currency/euro.ts'")
})

test('a release bumps the version and heads the changelog', () => {
  expect(after({ name: 'release', version: '1.5.0', notes: ['Tidied up.'] })).toEqual({
    'package.json': '{\n  "name": "shop",\n  "version": "1.5.0"\n}\n',
    'CHANGELOG.md': '# Changelog\n\n## 1.5.0\n\n- Tidied up.\n\n## 1.4.0\n\n- Older.\n',
  })
})

test.each<Operation>([
  { name: 'create', path: 'src/money.ts', content: 'export const euros = 1\n' },
  { name: 'delete', path: 'src/gone.ts' },
  { name: 'putOnTop', path: 'src/money.ts', text: 'export' },
  { name: 'putOnTop', path: 'src/gone.ts', text: '// Gone' },
  { name: 'renameIdentifier', from: 'nobody', to: 'somebody' },
  { name: 'move', from: 'src/gone.ts', to: 'src/here.ts' },
])('what is so already needs no change: $name', (operation) => {
  expect(changesOf(operation, files)).toEqual([])
})
