/** Something of a page that passes through the front: a WebSocket, or a request and its response. */
export interface Passage {
  /** Both sides see a reset connection. */
  cut(): void
  /**
   * From now on the network swallows what either side says, and tells neither: each has to notice by itself. A side that
   * closes is let go without the other learning of it.
   */
  goHalfOpen(): void
}
