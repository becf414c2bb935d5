import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Two cores: more workers only make timing-sensitive tests wait for each other.
    maxWorkers: 2,
    pool: 'forks',
    // Leak tests call globalThis.gc.
    execArgv: ['--expose-gc'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/holdfast/src/**/*.test.ts'],
          testTimeout: 10_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'structure',
          include: ['scripts/**/*.test.ts'],
          testTimeout: 10_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'conformance',
          include: ['conformance/{chapters,wire}/**/*.test.ts'],
          globalSetup: 'conformance/wire/server-under-test.ts',
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts', 'examples/**/*.test.ts', 'soak/**/*.test.ts'],
          // An example writes a test of its own into its data folder.
          exclude: ['**/dist/**', '**/node_modules/**', 'examples/*/data/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Tests that run concurrently do nothing but wait, for half a minute and more: all at once, then.
          maxConcurrency: 30,
          // The package as its users get it: Node loads the build, nothing is transformed.
          server: { deps: { external: [/\/packages\/holdfast\/dist\//] } },
        },
      },
    ],
  },
})
