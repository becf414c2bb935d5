export { simulate, SimulationError, type SimulationOptions } from './simulation/simulate.ts'
export type {
  CreateHub,
  SimulatedConnectOptions,
  Simulation,
  SimulationRandom,
  StartHub,
} from './simulation/simulation.ts'
export type { SimulationClock } from './simulation/simulated-time.ts'
export type { Direction, LineQuality, SimulatedNetwork } from './simulation/simulated-network.ts'
export type { SimulatedPages } from './simulation/simulated-page.ts'
export type { FaultName, MisbehaveOptions } from './simulation/chaos.ts'
export { FaultProxy } from './fault-proxy/fault-proxy.ts'
export type { ConnectionKind, Fault, FaultRule } from './fault-proxy/fault.ts'
export { HoldfastError } from '../core/wire/errors.ts'
