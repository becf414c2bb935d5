import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChatPage, countedTo } from './chat-page.ts'
import { startChat } from './chat-server.ts'
import { browserMissing, launchChromium, type Chromium } from './chromium.ts'

describe.skipIf(browserMissing)(`the attacked chat (${browserMissing ?? 'browser found'})`, () => {
  let chromium: Chromium

  beforeAll(async () => {
    chromium = await launchChromium()
  })
  afterAll(() => chromium[Symbol.asyncDispose]())

  test('cut again and again in mid-stream, an answer is complete and nothing of it comes twice', async () => {
    await using server = await startChat({ tokenMs: 10 })
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await using grace = await ChatPage.open(chromium, server, 'Grace')
    await ada.say('@assistant count to 300')
    for (const reached of ['30', '150']) {
      await ada.lastContains(` ${reached} `)
      const before = await ada.count('reconnects')
      await ada.press('Cut the connection')
      await expect.poll(() => ada.count('reconnects'), { timeout: 15_000 }).toBe(before + 1)
    }
    await Promise.all([ada.lastContains(' 300'), grace.lastContains(' 300')])
    expect(await ada.lastText()).toBe(countedTo(300))
    expect(await grace.texts()).toEqual(await ada.texts())
    await ada.wasTold('Reconnecting')
    await ada.wasTold('Reconnected.')
    expect(await ada.count('gaps')).toBe(0)
    await ada.keptThePromise()
    await grace.keptThePromise()
  })

  test.each(['Restart the hub’s process', 'Kill it'])(
    '“%s” in mid-stream: an honest gap, the history fetched, and both pages agree',
    async (button) => {
      await using server = await startChat({ tokenMs: 10 })
      await using ada = await ChatPage.open(chromium, server, 'Ada')
      await using grace = await ChatPage.open(chromium, server, 'Grace')
      await ada.say('@assistant count to 2000')
      await Promise.all([ada.lastContains(' 40 '), grace.lastContains(' 40 ')])
      await grace.press(button)
      await ada.say('In the middle of it.')
      for (const page of [ada, grace]) {
        await page.wasTold('Reconnecting')
        await page.wasTold('Reconnected.')
        await page.wasTold('Gap in the Lobby, because the server began anew: ')
      }
      expect(await ada.page.textContent('.footer:not(:empty)')).toContain(
        'The server stopped while this was being written',
      )
      await ada.say('Did you see that?')
      await ada.lastIs('Delivered')
      await grace.lastContains('Did you see that?')
      const [question, answer = '', ...rest] = await ada.texts()
      expect([question, ...rest]).toEqual([
        '@assistant count to 2000',
        'In the middle of it.',
        'Did you see that?',
      ])
      expect(countedTo(2_000).startsWith(answer)).toBe(true)
      expect(await grace.texts()).toEqual(await ada.texts())
      expect(await ada.count('gaps')).toBeGreaterThan(0)
      await ada.keptThePromise()
      await grace.keptThePromise()
      await grace.page.reload()
      await grace.shows(...(await ada.texts()))
    },
  )

  test('what is typed while cut off is queued, and delivered once and in order', async () => {
    await using server = await startChat()
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await using grace = await ChatPage.open(chromium, server, 'Grace')
    await ada.press('Unplug')
    await ada.becomes('Offline')
    await ada.reads('#badge-countdown', /^next try in \d+ s$/)
    await ada.page.focus('#badge-retry')
    await ada.page.keyboard.press('Enter')
    await ada.wasTold('waiting → connecting')
    expect(await ada.page.evaluate(() => document.activeElement?.id)).toBe('badge-retry')
    const texts = ['one', 'two', 'three', 'four', 'five']
    for (const text of texts) await ada.say(text)
    await ada.lastIs('Queued')
    await ada.wasTold('Queued while offline: 5 messages')
    expect(await warnsOnLeaving(ada)).toBe(true)
    await grace.say('meanwhile')
    await ada.press('Plug in')
    await ada.tryNow()
    await ada.lastIs('Delivered')
    await grace.shows('meanwhile', ...texts)
    await ada.shows('meanwhile', ...texts)
    expect(await warnsOnLeaving(ada)).toBe(false)
    await ada.keptThePromise()
    await grace.keptThePromise()
  })

  test('a half-open connection is noticed, and what was sent into it arrives once', async () => {
    await using server = await startChat({ heartbeatMs: 1_000 })
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await using grace = await ChatPage.open(chromium, server, 'Grace')
    await ada.hurt('Go half-open')
    await ada.wasTold('You pressed “Go half-open”.')
    await ada.say('Into the void?')
    await ada.lastIs('Sent')
    await grace.say('Where are you?')
    await ada.wasTold('heartbeat_timeout')
    await ada.becomes('Live')
    await grace.shows('Where are you?', 'Into the void?')
    await ada.shows('Where are you?', 'Into the void?')
    await ada.lastIs('Delivered')
    await ada.keptThePromise()
    await grace.keptThePromise()
  })

  test('a blocked server delays, and loses nothing', async () => {
    await using server = await startChat()
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await using grace = await ChatPage.open(chromium, server, 'Grace')
    await server.fault('block?ms=1500')
    await ada.say('Patience.')
    await ada.lastIs('Sent')
    await ada.lastIs('Delivered')
    await grace.shows('Patience.')
    expect(await ada.count('reconnects')).toBe(0)
    await ada.keptThePromise()
  })

  test('having given up it says so, and connecting again sends what was not sent', async () => {
    await using server = await startChat()
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await using grace = await ChatPage.open(chromium, server, 'Grace')
    await ada.press('Unplug')
    await ada.becomes('Offline')
    await ada.say('Not yet.')
    await giveUp(ada)
    await ada.lastIs('Waiting')
    await ada.wasTold('Gave up.')
    await grace.say('In the meantime.')
    await ada.hurt('Plug in')
    await ada.page.click('#badge-retry')
    await ada.lastIs('Delivered')
    await ada.shows('In the meantime.', 'Not yet.')
    await grace.shows('In the meantime.', 'Not yet.')
    await ada.keptThePromise()
  })

  test('a message in doubt when it gave up is found in the history', async () => {
    await using server = await startChat()
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await using grace = await ChatPage.open(chromium, server, 'Grace')
    // The server gets the message while it is blocked; its reply goes into a connection that swallows it.
    await server.fault('block?ms=1500')
    await ada.say('Did you get this?')
    await ada.lastIs('Sent')
    await ada.hurt('Go half-open')
    await grace.shows('Did you get this?')
    await giveUpInDoubt(ada)
    await ada.page.click('#badge-retry')
    await ada.lastIs('Delivered')
    await ada.shows('Did you get this?')
    expect(await ada.count('sent')).toBe(1)
    await ada.keptThePromise()
  })

  test('a message in doubt that never arrived is not said to have, and can be sent again', async () => {
    await using server = await startChat()
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await using grace = await ChatPage.open(chromium, server, 'Grace')
    await ada.hurt('Go half-open')
    await ada.wasTold('You pressed “Go half-open”.')
    await ada.say('Into the void.')
    await ada.lastIs('Sent')
    await giveUpInDoubt(ada)
    await ada.page.click('#badge-retry')
    await ada.reads('.footer:not(:empty)', 'It did not arrive.')
    expect(await grace.texts()).toEqual([])
    await ada.press('Send again')
    await ada.lastIs('Delivered')
    await grace.shows('Into the void.')
    await ada.keptThePromise()
  })
})

async function giveUp(chat: ChatPage): Promise<void> {
  await expect.poll(() => chat.tryNow(), { timeout: 30_000 }).toBe('Disconnected')
}

async function giveUpInDoubt(chat: ChatPage): Promise<void> {
  await chat.press('Unplug')
  await giveUp(chat)
  await chat.lastIs('Failed')
  expect(await chat.page.textContent('.footer:not(:empty)')).toContain('Looking whether it arrived')
  await chat.hurt('Plug in')
}

/** Whether the browser would ask before leaving the page. */
function warnsOnLeaving({ page }: ChatPage): Promise<boolean> {
  return page.evaluate(() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true })))
}
