import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ApprovalsPage } from './approvals-page.ts'
import { ApprovalsServer } from './approvals-server.ts'
import { browserMissing, launchChromium, type Chromium } from './chromium.ts'

const deletion = 'Delete src/coupon.ts'
const edits = ['src/cart.ts', 'src/index.ts', 'src/money.ts', 'src/receipt.ts'].map(
  (path) => `Name the licence in ${path}`,
)
const [firstEdit = ''] = edits
const moving = 'Move src/money.ts to src/currency.ts'

/** What happened to each step, once for each time that it happened. */
async function deeds(server: ApprovalsServer): Promise<string[]> {
  const journal = await server.journal()
  return journal.flatMap((event) => ('step' in event ? [`${event.type} ${event.step}`] : []))
}

describe.skipIf(browserMissing)(`the agent console is killed (${browserMissing ?? 'browser found'})`, () => {
  let chromium: Chromium

  beforeAll(async () => {
    chromium = await launchChromium()
  })
  afterAll(() => chromium[Symbol.asyncDispose]())

  test('while a prompt is open: it stays, what was answered is not asked again, and the run goes on', async () => {
    await using server = await ApprovalsServer.start()
    await using ana = await ApprovalsPage.open(chromium, server, 'Ana')
    await ana.press('Start a run')
    await ana.answer(deletion, 'Allow once')
    await ana.isAsked(firstEdit)
    server.kill()
    await server.isThere()
    await ana.becomes('Live')
    await ana.isAskedOnly(firstEdit)
    await ana.answer(firstEdit, 'Allow every')
    await ana.answer(moving, 'Allow once')
    await ana.audits('Run 1 is done.')
    expect(await ana.openedPrompts()).toEqual([deletion, firstEdit, moving])
    const done = await deeds(server)
    expect(done).toEqual([...new Set(done)])
  })

  test('at the moment of each answer: every step is decided once, and nobody is asked twice', async () => {
    await using server = await ApprovalsServer.start()
    await using ana = await ApprovalsPage.open(chromium, server, 'Ana')
    await using ben = await ApprovalsPage.open(chromium, server, 'Ben')
    await ana.press('Start a run')
    for (const title of [deletion, ...edits]) {
      await ana.isAsked(title)
      const answered = ana.answer(title, 'Allow once')
      server.kill()
      await Promise.all([answered, server.isThere()])
      await ana.says(title, 'You allowed it once.')
    }
    await ana.isAsked('Rename calcTotal to cartTotal')
    expect(await ana.openedPrompts()).toEqual([deletion, ...edits, 'Rename calcTotal to cartTotal'])
    const done = await deeds(server)
    expect(done).toEqual([...new Set(done)])
    await ben.audits('Ana allowed step 6')
    expect(await ben.page.locator('#audit li', { hasText: 'Ana allowed' }).count()).toBe(5)
  })

  test('everything, and started again by hand: a device that was there all the time goes on, and so does one that was reloaded', async () => {
    await using server = await ApprovalsServer.start()
    await using desk = await ApprovalsPage.open(chromium, server, 'Ana')
    await using phone = await ApprovalsPage.open(chromium, server, 'Ana')
    await desk.press('Start a run')
    await desk.answer(deletion, 'Allow once')
    await Promise.all([desk.isAsked(firstEdit), phone.isAsked(firstEdit)])
    await server.killEverything()
    await desk.isNotLive()
    await desk.answer(firstEdit, 'Allow every')
    await server.startAgain()
    await phone.page.reload()
    await desk.says(firstEdit, 'You allowed it for this run.')
    await phone.answer(moving, 'Allow once')
    await Promise.all([desk.audits('Run 1 is done.'), phone.audits('Run 1 is done.')])
    expect(await desk.openedPrompts()).toEqual([deletion, firstEdit, moving])
    expect(await phone.openedPrompts()).not.toContain(deletion)
    const done = await deeds(server)
    expect(done).toEqual([...new Set(done)])
  })

  test('by the button on the page, which is told the truth and goes on', async () => {
    await using server = await ApprovalsServer.start()
    await using ana = await ApprovalsPage.open(chromium, server, 'Ana')
    await ana.press('Start a run')
    await ana.isAsked(deletion)
    await ana.press('Kill it')
    await server.isThere()
    await ana.becomes('Live')
    await ana.answer(deletion, 'Allow once')
    await ana.isAsked(firstEdit)
  })
})
