import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChatPage, countedTo } from './chat-page.ts'
import { startChat } from './chat-server.ts'
import { browserMissing, launchChromium, type Chromium } from './chromium.ts'

describe.skipIf(browserMissing)(`the chat in Chromium (${browserMissing ?? 'browser found'})`, () => {
  let chromium: Chromium

  beforeAll(async () => {
    chromium = await launchChromium()
  })
  afterAll(() => chromium[Symbol.asyncDispose]())

  test('two people see what the other says, under the name that the hub stamped on it', async () => {
    await using server = await startChat()
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await using grace = await ChatPage.open(chromium, server, 'Grace')
    await ada.say('Is anybody here?')
    await grace.shows('Is anybody here?')
    await grace.say('I am.')
    await ada.shows('Is anybody here?', 'I am.')
    await grace.lastIs('Delivered')
    expect(await ada.messages()).toEqual([
      { author: 'Ada', text: 'Is anybody here?', status: 'Delivered' },
      { author: 'Grace', text: 'I am.', status: '' },
    ])
    await ada.keptThePromise()
    await grace.keptThePromise()
  })

  test('a reload brings the history, and rooms do not mix', async () => {
    await using server = await startChat()
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await using grace = await ChatPage.open(chromium, server, 'Grace')
    await ada.say('In the lobby.')
    await ada.lastIs('Delivered')
    await ada.press('Workshop')
    await ada.say('In the workshop.')
    await ada.lastIs('Delivered')
    await grace.press('Workshop 1 new')
    await grace.shows('In the workshop.')
    await ada.page.reload()
    await ada.shows('In the workshop.')
    await ada.press('Lobby')
    await ada.shows('In the lobby.')
  })

  test('the assistant streams its answer token by token to everybody', async () => {
    await using server = await startChat({ tokenMs: 30 })
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await using grace = await ChatPage.open(chromium, server, 'Grace')
    await ada.say('@assistant count to 40')
    await grace.lastContains('1 2 3')
    expect(await grace.lastText()).not.toContain('40')
    await Promise.all([ada.lastContains('40'), grace.lastContains('40')])
    const [, answer] = await grace.messages()
    expect(answer).toEqual({ author: 'assistant', text: countedTo(40), status: '' })
    expect(await ada.messages()).toEqual([
      { author: 'Ada', text: '@assistant count to 40', status: 'Delivered' },
      answer,
    ])
    await grace.keptThePromise()
  })

  test('a message that the server refuses says why', async () => {
    await using server = await startChat()
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await ada.say('x'.repeat(2_001))
    await ada.lastIs('Failed')
    expect(await ada.page.textContent('.footer')).toContain('2001 characters')
    await ada.press('Discard')
    await ada.shows()
  })

  test('another name means another user, and nobody can be the assistant', async () => {
    await using server = await startChat()
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await ada.say('As Ada.')
    await ada.lastIs('Delivered')
    await ada.press('You are Ada')
    await ada.page.fill('#name-field', 'Assistant')
    await ada.press('Save')
    await ada.reads('#name-problem', 'Nobody can have this name')
    await ada.page.fill('#name-field', 'Countess')
    await ada.press('Save')
    await ada.page.waitForSelector('#name-dialog', { state: 'hidden' })
    await ada.say('As the countess.')
    await ada.lastIs('Delivered')
    expect((await ada.messages()).map(({ author }) => author)).toEqual(['Ada', 'Countess'])
    await ada.keptThePromise()
  })
})
