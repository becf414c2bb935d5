import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext } from 'playwright-core'

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  // Containers give /dev/shm 64 MB, which a few pages fill.
  '--disable-dev-shm-usage',
  // The browser itself talks to nobody: only the tests' own traffic is seen.
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Why the browser tests cannot run here, for `test.skipIf`; undefined where they can. */
export const browserMissing: string | undefined = process.env['CHROMIUM_PATH']
  ? undefined
  : (process.env['BROWSER_TESTS_SKIPPED'] ?? 'no browser: CHROMIUM_PATH is not set')

/** A Chromium with a fresh profile. The profile is deleted when the browser is disposed of. */
export interface Chromium extends AsyncDisposable {
  readonly context: BrowserContext
}

export interface ChromiumOptions {
  /** Flags beside the usual ones. */
  readonly args?: readonly string[]
  /** Flags that would be set but for this. */
  readonly without?: readonly string[]
}

export async function launchChromium(options: ChromiumOptions = {}): Promise<Chromium> {
  const executablePath = process.env['CHROMIUM_PATH']
  if (!executablePath) throw new Error(browserMissing)
  const profile = await mkdtemp(join(tmpdir(), 'holdfast-chromium-'))
  const removeProfile = (): Promise<void> => rm(profile, { recursive: true, force: true, maxRetries: 5 })
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      args: [...flags, ...(options.args ?? [])],
      ignoreDefaultArgs: [...(options.without ?? [])],
    })
    return {
      context,
      async [Symbol.asyncDispose]() {
        await context.close()
        await removeProfile()
      },
    }
  } catch (cause) {
    await removeProfile()
    throw cause
  }
}
