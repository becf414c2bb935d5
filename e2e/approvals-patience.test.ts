import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApprovalsPage } from './approvals-page.ts'
import { ApprovalsServer } from './approvals-server.ts'
import { browserMissing, launchChromium, type Chromium } from './chromium.ts'

const deletion = 'Delete src/coupon.ts'
const firstEdit = 'Name the licence in src/cart.ts'

describe.skipIf(browserMissing)(`nobody answers the agent (${browserMissing ?? 'browser found'})`, () => {
  let chromium: Chromium

  beforeAll(async () => {
    chromium = await launchChromium()
  })
  afterAll(() => chromium[Symbol.asyncDispose]())

  test('for a while: the lead is asked too, and may answer', async () => {
    await using server = await ApprovalsServer.start({ escalateMs: 300 })
    await using ana = await ApprovalsPage.open(chromium, server, 'Ana')
    await using ben = await ApprovalsPage.open(chromium, server, 'Ben')
    await ana.press('Start a run')
    await ben.isAsked(deletion)
    await ben.says(deletion, 'Ana has not answered, so you are asked too.')
    await ana.says(deletion, 'Ben is asked too by now.')
    await ben.answer(deletion, 'Allow once')
    await ana.says(deletion, 'Answered by Ben: allowed once.')
    await ana.audits(`Ben allowed step 1 of run 1, “${deletion}”, once.`)
    expect((await server.journal()).filter(({ type }) => type === 'escalated')).toHaveLength(1)
  })

  test('for a while, and the server is killed: the lead is asked still', async () => {
    await using server = await ApprovalsServer.start({ escalateMs: 300 })
    await using ben = await ApprovalsPage.open(chromium, server, 'Ben')
    await ben.press('Start a run')
    await ben.isAsked(deletion)
    server.kill()
    await server.isThere()
    await ben.becomes('Live')
    await ben.answer(deletion, 'Allow once')
    await ben.says(deletion, 'You allowed it once.')
    await ben.isAsked(firstEdit)
    expect(await ben.openedPrompts()).toEqual([deletion, firstEdit])
  })

  test('until the deadline: it counts as denied, and the run goes on without', async () => {
    await using server = await ApprovalsServer.start({ deadlineMs: 500 })
    await using ana = await ApprovalsPage.open(chromium, server, 'Ana')
    await ana.press('Start a run')
    await ana.says(deletion, 'Nobody answered in time, which counts as a denial.')
    await ana.stepIs(deletion, 'denied')
    await ana.audits(`Nobody answered in time: denied step 1 of run 1, “${deletion}”.`)
    await ana.audits('Run 1 is done.')
    expect(await server.projectFile('1', 'src/coupon.ts')).toContain('From the summer of 2019.')
  })
})
