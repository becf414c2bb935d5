import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunEvent } from '../examples/approvals/src/contract/run-event.ts'
import { FaultProxy } from '../packages/holdfast/src/testing/fault-proxy/fault-proxy.ts'
import { ApprovalsPage } from './approvals-page.ts'
import { ApprovalsServer } from './approvals-server.ts'
import { browserMissing, launchChromium, type Chromium } from './chromium.ts'

const deletion = 'Delete src/coupon.ts'
const firstEdit = 'Name the licence in src/cart.ts'
const secondEdit = 'Name the licence in src/index.ts'
const renaming = 'Rename calcTotal to cartTotal'
const moving = 'Move src/money.ts to src/currency.ts'

/** The steps about which something was decided, in the order in which it was. */
function decidedSteps(journal: readonly RunEvent[]): number[] {
  return journal.flatMap((event) => (event.type === 'decided' ? [event.step] : []))
}

describe.skipIf(browserMissing)(
  `the agent console in Chromium (${browserMissing ?? 'browser found'})`,
  () => {
    let chromium: Chromium

    beforeAll(async () => {
      chromium = await launchChromium()
    })
    afterAll(() => chromium[Symbol.asyncDispose]())

    test('a prompt comes to every device; one answers, the others are told', async () => {
      await using server = await ApprovalsServer.start()
      await using desk = await ApprovalsPage.open(chromium, server, 'Ana')
      await using phone = await ApprovalsPage.open(chromium, server, 'Ana')
      await using other = await ApprovalsPage.open(chromium, server, 'Ben')
      await desk.press('Start a run')
      await phone.isAsked(deletion)
      await desk.answer(deletion, 'Allow once')
      await desk.says(deletion, 'You allowed it once.')
      await phone.says(deletion, 'Answered on another device: allowed once.')
      await phone.answer(firstEdit, 'Allow once')
      await desk.says(firstEdit, 'Answered on another device: allowed once.')
      await other.audits(`Ana allowed step 1 of run 1, “${deletion}”, once.`)
      expect(await other.openedPrompts()).toEqual([])
      expect(decidedSteps(await server.journal())).toEqual([1, 3])
    })

    test('of two devices that answer at the same moment one is first, and both know which', async () => {
      await using server = await ApprovalsServer.start()
      await using desk = await ApprovalsPage.open(chromium, server, 'Ana')
      await using phone = await ApprovalsPage.open(chromium, server, 'Ana')
      await desk.press('Start a run')
      await Promise.all([desk.isAsked(deletion), phone.isAsked(deletion)])
      await Promise.all([desk.answerAtOnce('Allow once'), phone.answerAtOnce('Allow every')])
      await Promise.all([desk, phone].map((device) => device.isAskedOnly(firstEdit)))
      const statuses = await Promise.all(
        [desk, phone].map(({ page }) => page.locator('#over-prompts .prompt').getAttribute('data-status')),
      )
      expect(new Set(statuses)).toEqual(new Set(['accepted', 'answered_elsewhere']))
      expect(decidedSteps(await server.journal())).toEqual([1])
    })

    test('a reload brings the prompt back, and it can be answered then', async () => {
      await using server = await ApprovalsServer.start()
      await using ana = await ApprovalsPage.open(chromium, server, 'Ana')
      await ana.press('Start a run')
      await ana.isAsked(deletion)
      await ana.page.reload()
      await ana.answer(deletion, 'Allow once')
      await ana.stepIs(deletion, 'applied')
      expect(decidedSteps(await server.journal())).toEqual([1])
    })

    test('what is asked while nobody is there waits for a device that comes later', async () => {
      await using server = await ApprovalsServer.start()
      {
        await using gone = await ApprovalsPage.open(chromium, server, 'Ben')
        await gone.press('Start a run')
        await gone.audits('Ben started run 1.')
      }
      await server.journalHas('proposed')
      await using ana = await ApprovalsPage.open(chromium, server, 'Ana')
      await ana.isAsked(deletion)
    })

    test('denied with a reason, a step is left out with what needs it; without a reason the denial is refused', async () => {
      await using server = await ApprovalsServer.start()
      await using ana = await ApprovalsPage.open(chromium, server, 'Ana')
      await ana.press('Start a run')
      await ana.deny(deletion, '')
      await ana.says(deletion, 'Not taken: A denial needs a reason.')
      // The field is open again, with the focus in it.
      await ana.page.keyboard.type('We still need it.')
      await ana.page.keyboard.press('Enter')
      await ana.says(deletion, 'You denied it: “We still need it.”')
      for (const title of [firstEdit, secondEdit]) await ana.answer(title, 'Allow once')
      await ana.answer('Name the licence in src/money.ts', 'Allow once')
      await ana.answer('Name the licence in src/receipt.ts', 'Allow once')
      await ana.deny(renaming, 'Too many callers.')
      await ana.stepIs('Create test/cart.test.ts', 'skipped')
      await ana.isAsked(moving)
      await ana.audits(`Ana denied step 1 of run 1, “${deletion}”: “We still need it.”`)
      expect(await server.projectFile('1', 'src/coupon.ts')).toContain('From the summer of 2019.')
      expect(await server.projectFile('1', 'src/cart.ts')).toMatch(/^\/\/ SPDX.*\n[^]*calcTotal/)
    })

    test('allowed for this run, later steps of the kind are done without asking, and the audit trail says so', async () => {
      await using server = await ApprovalsServer.start()
      await using ana = await ApprovalsPage.open(chromium, server, 'Ana')
      await ana.press('Start a run')
      await ana.answer(deletion, 'Allow once')
      await ana.answer(firstEdit, 'Allow every')
      await ana.answer(moving, 'Allow once')
      await ana.audits('Run 1 is done.')
      await ana.audits(
        `Allowed without asking: step 7 of run 1, “${renaming}”, because of Ana’s answer to step 3.`,
      )
      expect(await ana.openedPrompts()).toEqual([deletion, firstEdit, moving])
      expect(await server.projectFile('1', 'src/receipt.ts')).toContain("from './currency.ts'")
    })

    test('a run that is stopped withdraws its prompt from every device', async () => {
      await using server = await ApprovalsServer.start()
      await using ana = await ApprovalsPage.open(chromium, server, 'Ana')
      await using ben = await ApprovalsPage.open(chromium, server, 'Ben')
      await ana.press('Start a run')
      await ana.isAsked(deletion)
      await ben.press('Stop it')
      await ana.says(deletion, 'Withdrawn: the run was stopped.')
      await ana.audits('Ben stopped run 1.')
    })

    test('an answer given without a connection goes out when it is back', async () => {
      await using server = await ApprovalsServer.start()
      await using line = await FaultProxy.before(server.port)
      const url = `http://localhost:${line.port}`
      await using ana = await ApprovalsPage.open(chromium, { url }, 'Ana')
      await ana.press('Start a run')
      await ana.isAsked(deletion)
      line.rules = [{ fault: { type: 'refuse', status: 'none' } }]
      line.cut()
      await ana.isNotLive()
      await ana.answer(deletion, 'Allow once')
      await ana.says(deletion, 'It goes out when the connection is back.')
      expect(decidedSteps(await server.journal())).toEqual([])
      line.rules = []
      await ana.says(deletion, 'You allowed it once.')
      await ana.isAsked(firstEdit)
      expect(decidedSteps(await server.journal())).toEqual([1])
    })

    test('an answer given without a connection is too late if another device was first', async () => {
      await using server = await ApprovalsServer.start()
      await using line = await FaultProxy.before(server.port)
      const url = `http://localhost:${line.port}`
      await using ana = await ApprovalsPage.open(chromium, { url }, 'Ana')
      await using phone = await ApprovalsPage.open(chromium, server, 'Ana')
      await ana.press('Start a run')
      await ana.isAsked(deletion)
      line.rules = [{ fault: { type: 'refuse', status: 'none' } }]
      line.cut()
      await ana.isNotLive()
      await ana.answer(deletion, 'Allow once')
      await phone.deny(deletion, 'Not now.')
      await phone.says(deletion, 'You denied it')
      line.rules = []
      await ana.says(deletion, 'Answered on another device: denied, “Not now.”')
      expect(decidedSteps(await server.journal())).toEqual([1])
    })
  },
)
