import { describe, expect, test } from 'vitest'
import type { AskStore, Conclusion, StoredAsk } from '../../engines/ask-store.ts'

const ask: StoredAsk = {
  id: 'a',
  tenant: null,
  key: 'k',
  method: 'approve',
  data: '{"step":1}',
  users: ['u1'],
  expiresAt: 5_000,
  conclusion: null,
}
const expired: Conclusion = { status: 'expired', time: 6_000 }
const answered = (user: string): Conclusion => ({
  status: 'answered',
  value: '"yes"',
  user,
  session: `s-${user}`,
  producer: `p-${user}`,
  time: 4_000,
})

/** What every store of asks must do, whatever it keeps them in. `makeStore` gives an empty one each time. */
export function askStoreSuite(name: string, makeStore: () => AskStore | Promise<AskStore>): void {
  describe(name, () => {
    test('is empty at first', async () => {
      expect(await (await makeStore()).load()).toEqual([])
    })

    test('keeps what was asked, whoever was added, and how it ended', async () => {
      const store = await makeStore()
      await store.open(ask)
      await store.addUsers('a', ['u2', 'u1'])
      await store.conclude('a', answered('u2'))
      expect(await store.load()).toEqual([{ ...ask, users: ['u1', 'u2'], conclusion: answered('u2') }])
    })

    test('the first conclusion stands, and whoever comes later is told of it', async () => {
      const store = await makeStore()
      await store.open(ask)
      const all = [answered('u1'), answered('u2'), expired].map((each) => store.conclude('a', each))
      expect(await Promise.all(all)).toEqual([answered('u1'), answered('u1'), answered('u1')])
      expect(await store.conclude('a', expired)).toEqual(answered('u1'))
    })

    test('an ask that is opened again is pending again', async () => {
      const store = await makeStore()
      await store.open(ask)
      await store.conclude('a', expired)
      await store.open({ ...ask, expiresAt: 9_000 })
      expect(await store.conclude('a', answered('u1'))).toEqual(answered('u1'))
      expect(await store.load()).toEqual([{ ...ask, expiresAt: 9_000, conclusion: answered('u1') }])
    })

    test('forgets', async () => {
      const store = await makeStore()
      await store.open(ask)
      await store.open({ ...ask, id: 'b' })
      await store.forget('a')
      await store.forget('never there')
      expect((await store.load()).map(({ id }) => id)).toEqual(['b'])
    })

    test('rejects what concerns an ask that it does not keep', async () => {
      const store = await makeStore()
      await expect(store.conclude('a', expired)).rejects.toThrow()
      await expect(store.addUsers('a', ['u1'])).rejects.toThrow()
    })
  })
}
