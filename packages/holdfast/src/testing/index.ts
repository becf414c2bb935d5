export { simulate, SimulationError, type SimulationOptions } from './simulation/simulate.ts'
export type {
  CreateHub,
  SimulatedConnectOptions,
  Simulation,
  SimulationRandom,
  StartHub,
} from './simulation/simulation.ts'
export type { SimulationClock } from './simulation/simulated-time.ts'
export type { LineQuality, Refusal } from './simulation/lasting-faults.ts'
export type { Concerned, SimulatedNetwork } from './simulation/simulated-network.ts'
export type { SimulatedPages } from './simulation/simulated-page.ts'
export type { FaultName, MisbehaveOptions } from './simulation/chaos.ts'
export { FaultProxy } from './fault-proxy/fault-proxy.ts'
export type { ConnectionKind, Direction, Disturbance, Fault, FaultRule } from './fault-proxy/fault.ts'
export { HoldfastError } from '../core/wire/errors.ts'
