/** Lets operations take turns: one begins when the one before has ended, however it ended. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<Result>(operation: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(operation)
    // The next one does not care how this one went; whoever asked for this one does.
    this.#last = result.catch(() => {})
    return result
  }
}
