import { text } from 'node:stream/consumers'
import { getHeapSnapshot } from 'node:v8'

/** What V8 writes of a heap; the numbers of each node stand one behind the other. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[]
      readonly node_types: readonly [readonly string[]]
    }
  }
  readonly nodes: readonly number[]
  readonly strings: readonly string[]
}

/** How many objects of each class survive a collection, by the names of the classes. V8 collects before it takes the snapshot. */
export async function countObjects(): Promise<Readonly<Record<string, number>>> {
  const written = await text(getHeapSnapshot())
  return Object.fromEntries(objectsIn(JSON.parse(written) as Snapshot))
}

/** @throws TypeError for a snapshot in another format */
function objectsIn({ snapshot: { meta }, nodes, strings }: Snapshot): Map<string, number> {
  const [typeNames] = meta.node_types
  const typeAt = meta.node_fields.indexOf('type')
  const nameAt = meta.node_fields.indexOf('name')
  const objectType = typeNames.indexOf('object')
  if (typeAt < 0 || nameAt < 0 || objectType < 0) throw new TypeError('a heap snapshot has an unknown format')
  const counts = new Map<string, number>()
  for (let node = 0; node < nodes.length; node += meta.node_fields.length) {
    if (nodes[node + typeAt] !== objectType) continue
    const name = strings[nodes[node + nameAt] ?? -1] ?? ''
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}
