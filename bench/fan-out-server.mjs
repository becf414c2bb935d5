// The measured process: a hub that publishes a burst, and what that cost until all of it was delivered.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createHub } from 'holdfast/server'

const messages = Number(process.env.MESSAGES)
/** As JSON 100 bytes. */
const data = 'x'.repeat(98)
const messagesPerTurn = 100

const http = createServer()
const hub = createHub()
hub.attach(http)
http.listen(0, '127.0.0.1')
await once(http, 'listening')

let startedAt = 0
let cpuBefore = process.cpuUsage()
let publishMs = 0

async function publish() {
  startedAt = performance.now()
  cpuBefore = process.cpuUsage()
  const accepted = []
  for (let number = 1; number <= messages; number++) {
    accepted.push(hub.publish('bench', data))
    if (number % messagesPerTurn === 0) await nextTurn()
  }
  await Promise.all(accepted)
  publishMs = performance.now() - startedAt
}

process.on('message', (question) => {
  if (question === 'publish') void publish()
  if (question === 'report') {
    const { user, system } = process.cpuUsage(cpuBefore)
    const wallMs = performance.now() - startedAt
    process.send?.({ cpuMicroseconds: user + system, wallMs, publishMs })
  }
})
process.send?.({ port: http.address()?.port })
