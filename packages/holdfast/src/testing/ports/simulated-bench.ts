import { MemoryNetwork } from '../memory-network.ts'
import { SeededRandom } from '../seeded-random.ts'
import { processEnv } from '../simulated-process.ts'
import { noFetch, simulatedTransport, type TransportName } from '../simulated-transport.ts'
import { VirtualClock } from '../virtual-clock.ts'
import { VirtualLoop } from '../virtual-loop.ts'
import { httpTransport } from './hub-transports.ts'
import { ClientEnd, HubEnds, maxFrameBytes, type PortBench } from './port-bench.ts'

/** The transports as worlds have them, over virtual time. */
export function startSimulatedBench(name: TransportName): Promise<PortBench> {
  const clock = new VirtualClock()
  const hubLoop = new VirtualLoop(clock)
  const loop = new VirtualLoop(clock)
  const ends = new HubEnds()
  const env = { ...processEnv(hubLoop, new SeededRandom(1)), defer: hubLoop.defer }
  const http = httpTransport(ends.accept, env)
  const network = new MemoryNetwork(clock, () => ({
    loop: hubLoop,
    maxFrameBytes,
    refusing: false,
    accept: ends.accept,
    exchange: (exchange) => http.serve(exchange),
  }))
  const transport = simulatedTransport(name, network, { loop, headers: { cookie: 'a=b' }, opened: () => {} })
  return Promise.resolve({
    ends: ends.list,
    get accepting() {
      return ends.accepting
    },
    set accepting(accepting) {
      ends.accepting = accepting
    },
    open: () =>
      new ClientEnd((events) =>
        transport.open(new URL('https://example.test/holdfast'), events, {
          fetch: noFetch,
          holdRequest: () => Promise.resolve(() => {}),
        }),
      ),
    until: (condition) => clock.until(condition),
    rest: () => clock.advance(10_000),
    stopListening() {
      network.reach = 'refused'
      return Promise.resolve()
    },
    stallClient() {
      const { down } = network.links.at(-1) ?? {}
      down?.hold()
      return () => down?.release()
    },
    close: () => Promise.resolve(),
  })
}
