import type { Device } from './device.ts'
import { eventually } from './eventually.ts'

/** Opens a gate at which somebody waits, or will. */
export function openGate(device: Device, gate: string): Promise<void> {
  return eventually(async () => (await device.call('open', { gate })) === 1, `${gate} is waited at`)
}
