import { afterEach, describe, expect, it, vi } from 'vitest'
import { holdRequest } from './hold-request.ts'

/** The locks of a browser, as far as they are used here; every tab asks the same ones. */
class Locks {
  readonly held = new Set<string>()

  readonly request = async (
    name: string,
    options: { ifAvailable: boolean },
    granted: (lock: object | null) => Promise<void> | void,
  ): Promise<void> => {
    expect(options).toEqual({ ifAvailable: true })
    await Promise.resolve()
    if (this.held.has(name)) return granted(null)
    this.held.add(name)
    await granted({ name })
    this.held.delete(name)
  }
}

function inPage({
  origin = 'https://app.example',
  protocol = 'http/1.1',
  locks = null as object | null,
}): void {
  vi.stubGlobal('navigator', { locks })
  vi.stubGlobal('location', { origin })
  vi.stubGlobal('performance', { getEntriesByType: () => [{ nextHopProtocol: protocol }] })
}

const hub = new URL('https://hub.example/holdfast')

afterEach(() => vi.unstubAllGlobals())

describe('[R56] S33 the right to hold a request', () => {
  it('is had by four links to a host at a time', async () => {
    const locks = new Locks()
    inPage({ locks })
    const releases = await Promise.all(Array.from({ length: 7 }, () => holdRequest(hub)))
    expect(releases.filter(Boolean)).toHaveLength(4)
    expect(locks.held.size).toBe(4)
    expect(await holdRequest(new URL('https://other.example'))).not.toBeNull()
    releases.find(Boolean)?.()
    expect(await holdRequest(hub)).not.toBeNull()
    expect(await holdRequest(hub)).toBeNull()
  })

  it('leaves no lock behind', async () => {
    const locks = new Locks()
    inPage({ locks })
    const releases = await Promise.all(Array.from({ length: 4 }, () => holdRequest(hub)))
    for (const release of releases) release?.()
    await vi.waitFor(() => expect(locks.held.size).toBe(0))
  })

  it.each(['h2', 'h3'])(
    'is everybody’s over %s, as far as that is known: on the page’s own host',
    async (protocol) => {
      const request = (): never => expect.fail('asked for a lock')
      inPage({ origin: 'https://hub.example', protocol, locks: { request } })
      expect(await holdRequest(hub)).not.toBeNull()
      const locks = new Locks()
      inPage({ origin: 'https://app.example', protocol, locks })
      expect(await holdRequest(hub)).not.toBeNull()
      expect(locks.held.size).toBe(1)
    },
  )

  it('is everybody’s where there are no locks, or none for this page', async () => {
    inPage({ locks: null })
    expect(await holdRequest(hub)).not.toBeNull()
    inPage({ locks: { request: () => Promise.reject(new Error('SecurityError')) } })
    expect(await holdRequest(hub)).not.toBeNull()
  })
})
