import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { ScriptedHub } from '../testing/scripted-hub.ts'

afterEach(() => vi.restoreAllMocks())

async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 20; round++) {
    globalThis.gc?.()
    await nextTurn()
  }
}

/** All that an application keeps: functions, so that nothing else of the ask stays on the test's stack. */
function openDialog(hub: ScriptedHub): { answer(): void } {
  const shown = hub.client.asks.slice(0, 1)
  return { answer: () => void shown.pop()?.answer('yes') }
}

test('S16 whoever holds an ask holds its client; the client alone does not hold itself by the asks it lists', async () => {
  expect(globalThis.gc, 'run with --expose-gc').toBeDefined()
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const hub = new ScriptedHub()
  const link = await hub.welcomed()
  link.say({ type: 'ask', id: 'q', method: 'approve', data: null })
  link.say({ type: 'ask', id: 'r', method: 'approve', data: null })
  const dialog = openDialog(hub)
  hub.drop()
  await collectGarbage()
  await hub.clock.settle()
  expect(link.all('leave')).toEqual([])
  expect(hub.keepsAlive).toBe(false)
  dialog.answer()
  expect(hub.keepsAlive).toBe(true)
  await collectGarbage()
  await hub.clock.settle()
  expect(link.all('leave'), 'the answer is on its way').toEqual([])
  link.say({ type: 'result', number: 1, value: null })
  await collectGarbage()
  await hub.clock.settle()
  expect(link.all('answer')).toHaveLength(1)
  expect(link.all('leave')).toHaveLength(1)
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('without close()'))
  expect(hub.loop.timerCount).toBe(0)
})
