import { open, readFile, rename, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Turns } from './turns.ts'

/**
 * A file of JSON lines that only grows. What was appended is on the disk when `append` resolves; a crash while a line is
 * written leaves a torn last line, which the next `open` cuts off: nobody was told that it was there.
 */
export class JsonLinesFile<Line> {
  readonly #path: string
  #file: FileHandle
  /** Up to where the file is sound. */
  #length: number
  readonly #turns = new Turns()

  private constructor(path: string, file: FileHandle, length: number) {
    this.#path = path
    this.#file = file
    this.#length = length
  }

  /** @throws Error if a line before the last is no JSON: that was not a crash */
  static async open<Line>(path: string): Promise<{ file: JsonLinesFile<Line>; lines: Line[] }> {
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0)
      throw error
    })
    const length = bytes.lastIndexOf('\n') + 1
    const texts = bytes.toString('utf8', 0, length).split('\n').slice(0, -1)
    const lines = texts.map((text, index) => parsed<Line>(text, `${path}:${index + 1}`))
    const file = await open(path, 'a')
    await file.truncate(length)
    await file.sync()
    await syncFolderOf(path)
    return { file: new JsonLinesFile<Line>(path, file, length), lines }
  }

  /** Resolves when the line is on the disk. If it rejects, the line is not in the file. */
  append(line: Line): Promise<void> {
    return this.#turns.take(async () => {
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
      try {
        await this.#file.appendFile(bytes)
        await this.#file.datasync()
      } catch (error) {
        await this.#cutOff()
        throw error
      }
      this.#length += bytes.length
    })
  }

  /** Replaces everything in one step: a crash leaves the old file or the new one. */
  replace(lines: readonly Line[]): Promise<void> {
    return this.#turns.take(async () => {
      const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
      const fresh = await open(`${this.#path}.new`, 'w')
      await fresh.writeFile(bytes)
      await fresh.sync()
      await fresh.close()
      await rename(`${this.#path}.new`, this.#path)
      await syncFolderOf(this.#path)
      await this.#file.close()
      this.#file = await open(this.#path, 'a')
      this.#length = bytes.length
    })
  }

  /**
   * A line that is there in part, or of which nobody knows whether it is on the disk, must not stay. Where that cannot be
   * had, nothing may be written after it.
   */
  async #cutOff(): Promise<void> {
    try {
      await this.#file.truncate(this.#length)
      await this.#file.datasync()
    } catch {
      await this.#file.close()
    }
  }

  close(): Promise<void> {
    return this.#turns.take(() => this.#file.close())
  }
}

function parsed<Line>(text: string, place: string): Line {
  try {
    return JSON.parse(text) as Line
  } catch (cause) {
    throw new Error(`${place} is not JSON`, { cause })
  }
}

/** A file's name is on the disk only when its folder is. */
async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r')
  await folder.sync()
  await folder.close()
}
