import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { FileChange, Files } from './file-change.ts'

/** A folder of text files that the agent works on. */
export class Project {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async files(): Promise<Files> {
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true })
    const paths = entries
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.new'))
      .map((entry) => join(entry.parentPath, entry.name).slice(this.#folder.length + 1))
      .sort()
    return new Map(
      await Promise.all(
        paths.map(async (path) => [path, await readFile(join(this.#folder, path), 'utf8')] as const),
      ),
    )
  }

  /**
   * Makes the changes. Those that are made already are left alone, so a process that was killed in between may begin
   * again. Returns the path of a file that is neither what it was nor what it shall be; then nothing was changed.
   */
  async apply(changes: readonly FileChange[]): Promise<string | null> {
    const files = await this.files()
    const now = (path: string): string | null => files.get(path) ?? null
    const conflict = changes.find(({ path, before, after }) => now(path) !== before && now(path) !== after)
    if (conflict) return conflict.path
    for (const { path, after } of changes) if (now(path) !== after) await this.#write(path, after)
    return null
  }

  async #write(path: string, content: string | null): Promise<void> {
    const target = join(this.#folder, path)
    if (content === null) return rm(target)
    await mkdir(dirname(target), { recursive: true })
    const file = await open(`${target}.new`, 'w')
    await file.writeFile(content)
    await file.sync()
    await file.close()
    await rename(`${target}.new`, target)
  }
}
