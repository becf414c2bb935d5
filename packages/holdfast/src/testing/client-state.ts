import type { Client, ClientStateName } from '../client/public.ts'

/** Resolves when the client is in one of the states, at once if it is already. */
export function inState(client: Client, ...names: ClientStateName[]): Promise<void> {
  return new Promise((resolve) => {
    if (names.includes(client.state)) return resolve()
    const stop = client.on('state', ({ to }) => {
      if (!names.includes(to)) return
      stop()
      resolve()
    })
  })
}
