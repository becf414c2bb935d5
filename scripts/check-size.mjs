// Bundles what a browser loads of the client, as an application's bundler would, and holds it against a budget.
// With --parts also says what each file contributes.
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const client = 'packages/holdfast/dist/client'

/** The modules of each transport; a bundle without the transport must be without these. */
const overHttp = [
  ...['http-link', 'http-uplink', 'event-parser'].map((name) => `${client}/transports/${name}.js`),
  `${client}/hold-request.js`,
]
const transportModules = {
  websocket: [`${client}/transports/websocket.js`],
  sse: [`${client}/transports/sse.js`, ...overHttp],
  longPoll: [`${client}/transports/long-poll.js`, ...overHttp],
}

const withTransports = (...transports) => {
  const calls = transports.map((name) => `${name}()`).join(', ')
  return `
    import { connect as connectOver, ${transports.join(', ')} } from './${client}/core.js'
    export const connect = (url) => connectOver(url, { transports: [${calls}] })
  `
}

/** What an application would write, which transports it then has, and how large the bundle may be. */
const bundles = [
  {
    name: 'WebSocket only',
    entry: withTransports('websocket'),
    transports: ['websocket'],
    maxGzipBytes: 16_670,
  },
  {
    name: 'SSE only',
    entry: withTransports('sse'),
    transports: ['sse'],
    maxGzipBytes: 17_670,
  },
  {
    name: 'all transports',
    entry: `export { connect } from './${client}/index.js'`,
    transports: ['websocket', 'sse', 'longPoll'],
    maxGzipBytes: 18_030,
  },
]

const root = fileURLToPath(new URL('..', import.meta.url))
const withParts = process.argv.includes('--parts')

for (const bundle of bundles) {
  const { bytes, gzipBytes, parts } = await bundled(bundle.entry)
  console.log(`${bundle.name}: ${bytes} bytes, ${gzipBytes} gzipped (at most ${bundle.maxGzipBytes})`)
  if (withParts) for (const [path, size] of parts) console.log(`  ${String(size).padStart(6)}  ${path}`)
  if (gzipBytes > bundle.maxGzipBytes)
    fail(`${bundle.name} is ${gzipBytes - bundle.maxGzipBytes} bytes too large`)
  for (const message of strangers(bundle, parts)) fail(message)
}

/** The minified bundle's size and what each module contributes to it, the largest first. */
async function bundled(entry) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: entry, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    write: false,
    metafile: true,
  })
  const [{ contents }] = outputFiles
  const [{ inputs }] = Object.values(metafile.outputs)
  const parts = Object.entries(inputs).map(([path, { bytesInOutput }]) => [path, bytesInOutput])
  return {
    bytes: contents.length,
    gzipBytes: gzipSync(contents, { level: 9 }).length,
    parts: parts.filter(([, size]) => size > 0).sort(([, one], [, other]) => other - one),
  }
}

/** Each bundle contains the modules of its transports and none of another's. */
function strangers({ name, transports }, parts) {
  const contained = new Set(parts.map(([path]) => path))
  const wanted = new Set(transports.flatMap((transport) => transportModules[transport]))
  const modules = new Set(Object.values(transportModules).flat())
  const wrong = [...modules].filter((path) => contained.has(path) !== wanted.has(path))
  return wrong.map((path) => `${name} ${wanted.has(path) ? 'lacks' : 'contains'} ${path}`)
}

function fail(message) {
  console.error(`size: ${message}`)
  process.exitCode = 1
}
