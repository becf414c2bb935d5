// What the load generators have in common: opening the subscribers, and the tally that is reported when all have all.
import { once } from 'node:events'

const openAtOnce = 50

export const messages = Number(process.env.MESSAGES)
export const subscribers = Number(process.env.SUBSCRIBERS)
export const topic = 'bench'
/** Of one message in so many the latency is taken. */
export const latencySample = 97

export const tally = { deliveries: 0, faults: 0, frameBytes: 0, latencies: [] }
let waiting = subscribers

export function fault(message) {
  if (tally.faults++ < 10) console.error(message)
}

/** A subscriber has its last message. */
export function finished(frameBytes) {
  tally.frameBytes = frameBytes
  if (--waiting > 0) return
  const { deliveries, faults, latencies } = tally
  latencies.sort((one, other) => one - other)
  const quantile = (part) => latencies[Math.floor(part * (latencies.length - 1))]
  process.send?.({ deliveries, faults, frameBytes, p50Ms: quantile(0.5), p99Ms: quantile(0.99) })
}

/** @param subscribe opens one and resolves when the hub confirmed its subscription */
export async function openAll(subscribe) {
  const [{ port }] = await once(process, 'message')
  for (let opened = 0; opened < subscribers; opened += openAtOnce) {
    const count = Math.min(openAtOnce, subscribers - opened)
    await Promise.all(Array.from({ length: count }, () => subscribe(port)))
  }
  process.send?.('subscribed')
}
