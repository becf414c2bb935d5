import type { Files } from './file-change.ts'

/** What every run begins with: a small shop that has not been tidied for a while. */
export const sampleProject: Files = new Map([
  [
    'package.json',
    `{
  "name": "orchard",
  "version": "1.4.0",
  "license": "MIT",
  "type": "module"
}
`,
  ],
  [
    'CHANGELOG.md',
    `# Changelog

## 1.4.0

- Receipts show the price of each item.
`,
  ],
  [
    'src/index.ts',
    `export { calcTotal, type Item } from './cart.ts'
export { receipt } from './receipt.ts'
`,
  ],
  [
    'src/cart.ts',
    `export interface Item {
  readonly name: string
  readonly cents: number
  readonly count: number
}

/** In cents. */
export function calcTotal(items: readonly Item[]): number {
  return items.reduce((total, { cents, count }) => total + cents * count, 0)
}
`,
  ],
  [
    'src/receipt.ts',
    `import { calcTotal, type Item } from './cart.ts'
import { inEuros } from './money.ts'

export function receipt(items: readonly Item[]): string {
  const lines = items.map(({ name, cents, count }) => \`\${count} × \${name}  \${inEuros(cents)}\`)
  return [...lines, \`Total  \${inEuros(calcTotal(items))}\`].join('\\n')
}
`,
  ],
  [
    'src/money.ts',
    `export function inEuros(cents: number): string {
  return \`\${(cents / 100).toFixed(2)} €\`
}
`,
  ],
  [
    'src/coupon.ts',
    `import { calcTotal, type Item } from './cart.ts'

/** From the summer of 2019. */
export function withCoupon(items: readonly Item[], percent: number): number {
  return Math.round((calcTotal(items) * (100 - percent)) / 100)
}
`,
  ],
])
