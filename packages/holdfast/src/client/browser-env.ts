import type { ClientEnv } from './env.ts'
import type { Fetch } from './fetch.ts'
import { watchPage } from './page-lifecycle.ts'

export const browserEnv: ClientEnv = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  random: () => Math.random(),
  randomName: () => base64Url(crypto.getRandomValues(new Uint8Array(16))),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
  fetch: (url, request) => (fetch as Fetch)(url, request),
  provedTransports: new Map(),
  watchPage,
}

function base64Url(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes))
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
