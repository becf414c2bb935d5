// Before packing: npm takes the documents of a package from its own folder, ours lie at the root.
import { cpSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

for (const name of [
  'LICENSE',
  'README.md',
  'PROTOCOL.md',
  'docs/proxies.md',
  'docs/testing-applications.md',
]) {
  cpSync(
    fileURLToPath(new URL(`../${name}`, import.meta.url)),
    fileURLToPath(new URL(`../packages/holdfast/${name}`, import.meta.url)),
  )
}
