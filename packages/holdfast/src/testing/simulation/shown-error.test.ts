import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { simulate } from '../index.ts'

test('what a handler of the hub throws fails no run, but the caller and the history tell it', async () => {
  await simulate({}, async (simulation) => {
    const foreign = runInNewContext('new TypeError("of another realm")') as Error
    const broken = (): never => {
      throw new RangeError('the "shelf" is full')
    }
    simulation.startHub((createHub) => {
      const hub = createHub({ authorize: broken })
      hub.onRequest('store', broken)
      hub.onRequest('move', () => Promise.reject(foreign))
      hub.onRequest('check', () => Promise.reject(Object.assign(new Error('bare'), { stack: 'Error: bare' })))
      hub.onRequest('count', () => Promise.reject(Object.assign(new Error('deep'), { stack: deepStack })))
    })
    const client = simulation.connect()
    for (const method of ['store', 'move', 'check', 'count'])
      await expect(client.request(method, null)).rejects.toMatchObject({ code: 'handler_failed' })
    await expect(client.publish('t', 1)).rejects.toMatchObject({ code: 'authorize_failed' })
    const told = simulation.history.filter((line) => line.includes('failed')).map((line) => line.slice(14))
    expect(told).toEqual([
      expect.stringMatching(
        /^hub: a request handler failed \{"error":"RangeError: the \\"shelf\\" is full at broken \(.*shown-error\.test\.ts:\d+:\d+\)","method":"store"\}$/,
      ),
      expect.stringMatching(/^hub: .* \{"error":"TypeError: of another realm( at .*)?","method":"move"\}$/),
      'hub: a request handler failed {"error":"Error: bare","method":"check"}',
      'hub: a request handler failed {"error":"Error: deep at count (/shop/src/shelf.ts:4:5)","method":"count"}',
      expect.stringMatching(/^hub: authorize failed \{"error":"RangeError: .* at broken \(/),
    ])
  })
})

const deepStack = `Error: deep
    at JSON.parse (<anonymous>)
    at node:internal/process/task_queues:105:5
    at query (file:///shop/node_modules/database/index.js:2:3)
    at count (/shop/src/shelf.ts:4:5)
    at sum (/shop/src/sum.ts:6:7)`
