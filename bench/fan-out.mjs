// What does it cost to deliver one message? 10,000 messages of 100 bytes to 1,000 subscribers: a server process that
// publishes as fast as its loop allows, and a load generator that checks every offset of every subscriber.
// TRANSPORT=sse does it over SSE. Exits with 1 unless all were delivered, in order and without a gap.
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { fileURLToPath } from 'node:url'

const messages = Number(process.env.MESSAGES ?? 10_000)
const subscribers = Number(process.env.SUBSCRIBERS ?? 1_000)
const overSse = process.env.TRANSPORT === 'sse'
const budgetMicroseconds = 0.3
const timeoutMs = 120_000

/** The cores this process may use, from the kernel's list such as `0-3,8`. */
function allowedCores() {
  try {
    const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
    return list.split(',').flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, index) => first + index)
    })
  } catch {
    return []
  }
}

function hasTaskset() {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Starts a file in a process of its own, on a core of its own if that is possible. */
function start(file, core) {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const nodeOptions = process.execArgv
  const pinning =
    core === undefined
      ? {}
      : { execPath: 'taskset', execArgv: ['-c', core, process.execPath, ...nodeOptions] }
  const env = { ...process.env, MESSAGES: `${messages}`, SUBSCRIBERS: `${subscribers}` }
  const child = fork(path, { ...pinning, env })
  child.on('exit', (code) => {
    if (stop.signal.aborted) return
    console.error(`${file} ended with ${code}`)
    process.exitCode = 1
    stopAll()
  })
  return child
}

async function answer(child, question) {
  if (question) child.send(question)
  const [reply] = await once(child, 'message', { signal: stop.signal })
  return reply
}

const stop = new AbortController()
const watchdog = setTimeout(() => {
  console.error(`not done after ${timeoutMs} ms`)
  process.exitCode = 1
  stopAll()
}, timeoutMs)

const cores = hasTaskset() ? allowedCores() : []
const [serverCore, loadCore] = cores.length > 1 ? cores : []
const server = start('fan-out-server.mjs', serverCore)
const load = start(overSse ? 'fan-out-load-sse.mjs' : 'fan-out-load.mjs', loadCore)

function stopAll() {
  clearTimeout(watchdog)
  stop.abort()
  server.kill('SIGKILL')
  load.kill('SIGKILL')
}

function report(delivered, cost) {
  const expected = messages * subscribers
  const perDelivery = cost.cpuMicroseconds / expected
  const seconds = cost.wallMs / 1_000
  const { p50Ms, p99Ms } = delivered
  console.log(
    `node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores`,
  )
  console.log(
    serverCore === undefined ? 'not pinned' : `server on core ${serverCore}, subscribers on core ${loadCore}`,
  )
  console.log(
    `${messages} messages of 100 bytes to ${subscribers} subscribers over ${overSse ? 'SSE' : 'WebSocket'} (frames of ${delivered.frameBytes} bytes)`,
  )
  console.log(`deliveries       ${delivered.deliveries} of ${expected}, ${delivered.faults} faults`)
  console.log(
    `wall time        ${seconds.toFixed(2)} s, ${(expected / seconds / 1e6).toFixed(2)} million a second`,
  )
  console.log(`publishing took  ${(cost.publishMs / 1_000).toFixed(2)} s`)
  console.log(`latency          p50 ${p50Ms} ms, p99 ${p99Ms} ms (of a burst: mostly the backlog)`)
  console.log(`server CPU       ${perDelivery.toFixed(3)} µs per delivery (budget ${budgetMicroseconds})`)
  if (perDelivery > budgetMicroseconds) console.log('over budget')
  if (delivered.deliveries !== expected || delivered.faults > 0) process.exitCode = 1
}

try {
  const { port } = await answer(server)
  await answer(load, { port })
  const delivering = answer(load)
  server.send('publish')
  const delivered = await delivering
  const cost = await answer(server, 'report')
  report(delivered, cost)
} finally {
  stopAll()
}
