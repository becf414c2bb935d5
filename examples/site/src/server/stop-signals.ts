/** npm passes a Ctrl-C on to a process that the terminal has already told. */
const sameKeyPressMs = 100

export interface Stoppable {
  /** Ends everything in order; the process then ends by itself. */
  readonly stop: () => Promise<void>
  /** There is no time for that. */
  readonly stopNow: () => void
}

/** The first SIGTERM or SIGINT stops in order, the second at once. */
export function onStopSignals({ stop, stopNow }: Stoppable): void {
  let first: { readonly signal: NodeJS.Signals; readonly at: number } | null = null
  const received = (signal: NodeJS.Signals): void => {
    if (!first) {
      first = { signal, at: performance.now() }
      console.log('Closing. Once more closes at once.')
      stop().catch((error: unknown) => {
        console.error(error)
        process.exit(1)
      })
      return
    }
    const sameKeyPress = signal === 'SIGINT' && first.signal === 'SIGINT'
    if (sameKeyPress && performance.now() - first.at < sameKeyPressMs) return
    stopNow()
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.on('SIGTERM', received)
  process.on('SIGINT', received)
}
