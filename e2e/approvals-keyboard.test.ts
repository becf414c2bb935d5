import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApprovalsPage } from './approvals-page.ts'
import { ApprovalsServer } from './approvals-server.ts'
import { browserMissing, launchChromium, type Chromium } from './chromium.ts'

const deletion = 'Delete src/coupon.ts'
const firstEdit = 'Name the licence in src/cart.ts'
const moving = 'Move src/money.ts to src/currency.ts'

describe.skipIf(browserMissing)(
  `the agent console by keyboard (${browserMissing ?? 'browser found'})`,
  () => {
    let chromium: Chromium

    beforeAll(async () => {
      chromium = await launchChromium()
    })
    afterAll(() => chromium[Symbol.asyncDispose]())

    test('a run from its start to its end without a mouse', async () => {
      await using server = await ApprovalsServer.start()
      await using ana = await ApprovalsPage.open(chromium, server, 'Ana')
      const { keyboard } = ana.page
      const atStart = (): Promise<boolean> =>
        ana.page.evaluate(() => document.activeElement?.id === 'start-run')
      for (let presses = 0; presses < 20 && !(await atStart()); presses++) await keyboard.press('Tab')
      await keyboard.press('Enter')

      await ana.focusIsAt(deletion)
      await keyboard.press('d')
      await keyboard.type('aard')
      await keyboard.press('Escape')
      await ana.focusIsAt(deletion)
      await ana.isAsked(deletion)
      await keyboard.press('a')
      await ana.says(deletion, 'You allowed it once.')

      await ana.focusIsAt(firstEdit)
      await keyboard.press('r')
      await ana.says(firstEdit, 'You allowed it for this run.')

      await ana.focusIsAt(moving)
      await keyboard.press('d')
      await keyboard.type('Another day.')
      await keyboard.press('Enter')
      await ana.says(moving, 'You denied it: “Another day.”')
      await ana.audits('Run 1 is done.')
    })

    test('the buttons of a prompt are reached by Tab, one after the other', async () => {
      await using server = await ApprovalsServer.start()
      await using ana = await ApprovalsPage.open(chromium, server, 'Ana')
      await ana.press('Start a run')
      await ana.focusIsAt(deletion)
      const names: (string | null)[] = []
      for (let presses = 0; presses < 4; presses++) {
        await ana.page.keyboard.press('Tab')
        names.push(await ana.page.evaluate(() => document.activeElement?.textContent ?? null))
      }
      expect(names).toEqual(['Changes', 'Allow once A', 'Allow every deletion in this run R', 'Deny … D'])
      await ana.page.keyboard.press('Shift+Tab')
      await ana.page.keyboard.press('Shift+Tab')
      await ana.page.keyboard.press('Enter')
      await ana.says(deletion, 'You allowed it once.')
    })

    test('a prompt that comes does not take the focus from somebody who types, nor from another prompt', async () => {
      await using server = await ApprovalsServer.start()
      await using ana = await ApprovalsPage.open(chromium, server, 'Ana')
      await using ben = await ApprovalsPage.open(chromium, server, 'Ben')
      await ben.press('Start a run')
      await ana.focusIsAt(deletion)
      await ana.page.keyboard.press('d')
      await ana.page.keyboard.type('Not ')
      await ben.press('Start a run')
      await ana.isAskedOnly(deletion, deletion)
      await ana.page.keyboard.type('today')
      await ana.page.keyboard.press('Enter')
      await ana.says(deletion, 'You denied it: “Not today”')
      // The other one has the focus now, so the key is for that.
      await ana.focusIsAt(deletion)
      await ana.page.keyboard.press('a')
      await ana.says(deletion, 'You allowed it once.')
    })
  },
)
