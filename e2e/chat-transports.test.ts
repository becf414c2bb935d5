import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChatPage, countedTo } from './chat-page.ts'
import { startChat, type ChatServer } from './chat-server.ts'
import { browserMissing, launchChromium, type Chromium } from './chromium.ts'

/** A better transport is tried every 30 s, plus up to 30 %. */
const untilBetterMs = 45_000

describe.skipIf(browserMissing)(`the chat's transports (${browserMissing ?? 'browser found'})`, () => {
  let chromium: Chromium
  /** Of the first test and the last: what the last waits for goes on during those between. */
  let patientServer: ChatServer
  let patient: ChatPage

  beforeAll(async () => {
    chromium = await launchChromium()
    patientServer = await startChat()
  })
  afterAll(async () => {
    await patientServer[Symbol.asyncDispose]()
    await chromium[Symbol.asyncDispose]()
  })

  test('where WebSocket is blocked the page goes live over SSE by itself', async () => {
    patient = await ChatPage.open(chromium, patientServer, 'Ada')
    await patient.uses('WebSocket')
    await patient.wasTold('Connected over WebSocket, the first that worked.')
    await patient.press('Block WebSocket')
    await patient.uses('SSE')
    await patient.wasTold('Connected over SSE, because WebSocket did not work any more. Before that: ')
    await patient.say('@assistant count to 40')
    await patient.shows('@assistant count to 40', countedTo(40))
    await patient.hurt('Let WebSocket through')
  })

  test('switched by hand in mid-stream, an answer is complete and nothing of it comes twice', async () => {
    await using server = await startChat({ tokenMs: 20 })
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await using grace = await ChatPage.open(chromium, server, 'Grace')
    await ada.say('@assistant count to 250')
    await ada.lastContains(' 20 ')
    for (const [wanted, used] of [
      ['SSE', 'SSE'],
      ['Long-poll', 'long-poll'],
      ['SSE', 'SSE'],
      ['WebSocket', 'WebSocket'],
    ] as const) {
      await ada.prefers(wanted)
      await ada.uses(used)
    }
    expect(await ada.lastText()).not.toContain(' 250')
    await Promise.all([ada.lastContains(' 250'), grace.lastContains(' 250')])
    expect(await ada.lastText()).toBe(countedTo(250))
    expect(await grace.texts()).toEqual(await ada.texts())
    await ada.wasTold('Changed over from SSE to long-poll, as you wanted, without a break.')
    expect(await ada.page.textContent('#log')).not.toContain('live →')
    expect(await ada.count('gaps')).toBe(0)
    await ada.keptThePromise()
  })

  test('where responses are held back as well, the page goes live over long-poll', async () => {
    await using server = await startChat()
    await using ada = await ChatPage.open(chromium, server, 'Ada')
    await ada.hurt('Buffer')
    await ada.hurt('Block WebSocket')
    await ada.becomesSomebodyElse('Countess')
    await ada.uses('long-poll')
    await ada.wasTold(
      'Connected over long-poll, the first that worked. Before that: The server does not answer.',
    )
    await ada.say('@assistant count to 40')
    await ada.shows('@assistant count to 40', countedTo(40))
    await ada.keptThePromise()
  })

  test.each([
    ['SSE', 'SSE'],
    ['Long-poll', 'long-poll'],
  ] as const)(
    'cut and half-open over %s in mid-stream, nothing is lost and nothing comes twice',
    async (wanted, used) => {
      await using server = await startChat({ heartbeatMs: 2_000 })
      await using ada = await ChatPage.open(chromium, server, 'Ada')
      // What is preferred while there is no link is what the next attempt begins with. Where that fails, at the moment of
      // plugging in or three times in a row on a busy machine, the page comes back to it from another transport.
      const comesBack = (): Promise<void> => ada.uses(used, untilBetterMs)
      await ada.hurt('Unplug')
      await ada.becomes('Offline')
      await ada.prefers(wanted)
      await ada.hurt('Plug in')
      await ada.tryNow()
      await comesBack()
      await ada.say('@assistant count to 400')
      await ada.lastContains(' 30 ')
      await ada.hurt('Cut the connection')
      await ada.lastContains(' 200 ')
      await comesBack()
      await ada.hurt('Go half-open')
      await ada.say('Into the void?')
      await ada.wasTold('heartbeat_timeout')
      await ada.becomes('Live')
      await comesBack()
      await ada.lastIs('Delivered')
      const texts = ['@assistant count to 400', countedTo(400), 'Into the void?']
      await ada.shows(...texts)
      expect(await ada.count('gaps')).toBe(0)
      await ada.keptThePromise()
    },
  )

  test('once WebSocket is let through, the page comes back to it by itself', async () => {
    await patient.uses('WebSocket', untilBetterMs)
    await patient.wasTold('Changed over from SSE to WebSocket, which is better and works, without a break.')
    await patient.say('Back again.')
    await patient.lastIs('Delivered')
    await patient.keptThePromise()
  })
})
