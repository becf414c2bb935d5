import { fileURLToPath } from 'node:url'
import { build, stop } from 'esbuild'

/**
 * Makes one file of the page's modules and of what they use of `holdfast/client`.
 * @param root the example's folder
 */
export async function bundlePage(root: URL): Promise<void> {
  const fromRoot = (path: string): string => fileURLToPath(new URL(path, root))
  await build({
    entryPoints: { page: fromRoot('dist/page/main.js') },
    outdir: fromRoot('dist/bundle'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    logLevel: 'warning',
  })
  await stop()
}
