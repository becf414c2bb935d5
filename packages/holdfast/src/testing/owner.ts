interface Closable {
  close(): Promise<unknown>
}

/** Closes what a test made, the newest first. */
export class Owner {
  readonly #owned: Closable[] = []

  own<Owned extends Closable>(thing: Owned): Owned {
    this.#owned.push(thing)
    return thing
  }

  async closeAll(): Promise<void> {
    for (const thing of this.#owned.splice(0).reverse()) await thing.close()
  }
}
