import type { BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Chromium } from './chromium.ts'
import type { ChatServer } from './chat-server.ts'

/** How long anything may take that has to happen. */
const patience = { timeout: 15_000, interval: 40 }

export interface ShownMessage {
  readonly author: string
  readonly text: string
  /** Empty for what others said, and for one's own after a reload. */
  readonly status: string
}

/** Somebody with a browser of their own who looks at the chat. */
export class ChatPage implements AsyncDisposable {
  readonly page: Page
  readonly #context: BrowserContext

  private constructor(page: Page, context: BrowserContext) {
    this.page = page
    this.#context = context
  }

  static async open(chromium: Chromium, { url }: ChatServer, name: string): Promise<ChatPage> {
    const context = await chromium.context.browser()?.newContext()
    if (!context) throw new Error('the browser makes no further contexts')
    await context.addInitScript((name) => localStorage.setItem('holdfast-chat-name', name), name)
    const page = await context.newPage()
    await page.goto(url)
    const chat = new ChatPage(page, context)
    await chat.becomes('Live')
    return chat
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close()
  }

  /** Waits until the badge says so. */
  async becomes(state: string): Promise<void> {
    await expect.poll(() => this.page.textContent('#badge-state'), patience).toBe(state)
  }

  async say(text: string): Promise<void> {
    await this.page.fill('#message', text)
    await this.page.press('#message', 'Enter')
  }

  async press(button: string): Promise<void> {
    await this.page.getByRole('button', { name: button }).click()
  }

  /** Presses a button of the panel, and waits until it has had its effect. */
  async hurt(button: string): Promise<void> {
    const answered = this.page.waitForResponse((response) => response.url().includes('/faults/'))
    await Promise.all([answered, this.press(button)])
  }

  /** Takes another name, and with it a new client. */
  async becomesSomebodyElse(name: string): Promise<void> {
    await this.press('You are')
    await this.page.fill('#name-field', name)
    await this.press('Save')
    await this.page.waitForSelector('#name-dialog', { state: 'hidden' })
  }

  /** Turns the switch of the transport. */
  async prefers(transport: 'Automatic' | 'WebSocket' | 'SSE' | 'Long-poll'): Promise<void> {
    await this.page.getByRole('radio', { name: transport }).check()
  }

  /** Waits until the panel and the badge show this transport in use. */
  async uses(
    transport: 'WebSocket' | 'SSE' | 'long-poll',
    timeout: number = patience.timeout,
  ): Promise<void> {
    const shown = (): Promise<(string | null)[]> =>
      Promise.all([this.page.textContent('#transport'), this.page.textContent('#badge-transport')])
    await expect.poll(shown, { ...patience, timeout }).toEqual([transport, `over ${transport}`])
  }

  /** Presses “Try now” if it is there: at any moment the page may try by itself. Returns what the badge says. */
  tryNow(): Promise<string | null> {
    return this.page.evaluate(() => {
      const button = document.querySelector<HTMLButtonElement>('#badge-retry:not([hidden])')
      if (button?.textContent === 'Try now') button.click()
      return document.querySelector('#badge-state')?.textContent ?? null
    })
  }

  /** The messages of the room that is open, from the oldest to the newest. */
  messages(): Promise<ShownMessage[]> {
    return this.page.$$eval('.scroll:not([hidden]) [data-id]', (elements) =>
      elements.map((element) => {
        const textOf = (selector: string): string => element.querySelector(selector)?.textContent ?? ''
        return { author: textOf('.author'), text: textOf('.text').trim(), status: textOf('.status') }
      }),
    )
  }

  async texts(): Promise<string[]> {
    return (await this.messages()).map(({ text }) => text)
  }

  /** Waits until these are the texts in the room, in this order. */
  async shows(...texts: readonly string[]): Promise<void> {
    await expect.poll(() => this.texts(), patience).toEqual(texts)
  }

  async lastText(): Promise<string> {
    return (await this.texts()).at(-1) ?? ''
  }

  /** Waits until the newest message contains this. */
  async lastContains(part: string): Promise<void> {
    await expect.poll(() => this.lastText(), patience).toContain(part)
  }

  /** Waits until the newest message is marked so. */
  async lastIs(status: 'Queued' | 'Sent' | 'Delivered' | 'Waiting' | 'Failed'): Promise<void> {
    await expect.poll(async () => (await this.messages()).at(-1)?.status, patience).toBe(status)
  }

  /** Waits until this is written there. */
  async reads(selector: string, part: string | RegExp): Promise<void> {
    const text = (): Promise<string | undefined> =>
      this.page.$eval(selector, (element) => element.textContent ?? '').catch(() => undefined)
    await expect.poll(text, patience).toMatch(part)
  }

  /** Waits for a notice; the log keeps those that have gone again. */
  async wasTold(part: string): Promise<void> {
    await this.reads('#log', part)
  }

  async count(
    name: 'sent' | 'received' | 'repeated' | 'lost' | 'gaps' | 'fetched' | 'reconnects' | 'pending',
  ) {
    return Number(await this.page.textContent(`#count-${name}`))
  }

  /** The promise, as the page's own books have it. */
  async keptThePromise(): Promise<void> {
    expect(await this.count('received')).toBeGreaterThan(0)
    expect({ repeated: await this.count('repeated'), lost: await this.count('lost') }).toEqual({
      repeated: 0,
      lost: 0,
    })
  }
}

/** What the assistant says when it is asked to count. */
export function countedTo(last: number): string {
  return Array.from({ length: last }, (_, index) => index + 1).join(' ')
}
