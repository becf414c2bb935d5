import { join } from 'node:path'
import type { RunEvent, RunHappening } from '../contract/run-event.ts'
import { Runs } from '../contract/run-state.ts'
import type { FileChange } from './file-change.ts'
import { JsonLinesFile } from './json-lines-file.ts'
import type { Operation } from './operation.ts'

/** What the server needs to go on after a restart and the pages need not know. */
interface Work {
  /** With `started`. */
  readonly operations?: readonly Operation[]
  /** With `proposed`. */
  readonly changes?: readonly FileChange[]
}

interface Line {
  readonly event: RunEvent
  readonly work: Work
}

/**
 * What happened in all runs, one line each, on the disk before it has consequences. It is what a run goes on from after
 * the process was killed, and it is the audit trail: there is no second book that could say otherwise.
 */
export class RunJournal {
  readonly runs: Runs = new Runs()
  readonly #file: JsonLinesFile<Line>
  readonly #written: (event: RunEvent) => void
  #lines: Line[] = []
  #lastSeq = 0
  #lastRun = 0

  private constructor(file: JsonLinesFile<Line>, written: (event: RunEvent) => void) {
    this.#file = file
    this.#written = written
  }

  /** @param written called for each new event, in order */
  static async open(folder: string, written: (event: RunEvent) => void): Promise<RunJournal> {
    const { file, lines } = await JsonLinesFile.open<Line>(join(folder, 'runs.jsonl'))
    const journal = new RunJournal(file, written)
    for (const line of lines) journal.#keep(line)
    journal.#lastSeq = lines.at(-1)?.event.seq ?? 0
    await journal.#forgetOldRuns()
    journal.#lastRun = Math.max(0, ...journal.runs.all().map(({ id }) => Number(id)))
    return journal
  }

  /** An id that no run has had. */
  nextRun(): string {
    return String(++this.#lastRun)
  }

  /** Resolves when it is on the disk. */
  async append(run: string, happening: RunHappening, work: Work = {}): Promise<void> {
    const event: RunEvent = { ...happening, run, seq: ++this.#lastSeq, time: Date.now() }
    await this.#file.append({ event, work })
    this.#keep({ event, work })
    if (event.type === 'started') await this.#forgetOldRuns()
    this.#written(event)
  }

  eventsAfter(seq: number): RunEvent[] {
    return this.#lines.map(({ event }) => event).filter((event) => event.seq > seq)
  }

  operationOf(run: string, step: number): Operation | undefined {
    return this.#lines.find(({ event }) => event.run === run && event.type === 'started')?.work.operations?.[
      step - 1
    ]
  }

  /** What was proposed; undefined if nothing was yet. */
  changesOf(run: string, step: number): readonly FileChange[] | undefined {
    return this.#lines.find(
      ({ event }) => event.run === run && event.type === 'proposed' && event.step === step,
    )?.work.changes
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async #forgetOldRuns(): Promise<void> {
    const kept = this.#lines.filter(({ event }) => this.runs.get(event.run))
    if (kept.length === this.#lines.length) return
    this.#lines = kept
    await this.#file.replace(kept)
  }

  #keep(line: Line): void {
    this.#lines.push(line)
    this.runs.apply(line.event)
  }
}
