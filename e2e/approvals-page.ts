import type { BrowserContext, Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Chromium } from './chromium.ts'

/** How long anything may take that has to happen. */
const patience = { timeout: 30_000, interval: 40 }

declare global {
  /** Of the page: the titles of all prompts that ever opened, in order. */
  var openedPrompts: string[]
}

export interface PageAddress {
  readonly url: string
}

/** A device of somebody who looks at the agent console. */
export class ApprovalsPage implements AsyncDisposable {
  readonly page: Page
  readonly #context: BrowserContext

  private constructor(page: Page, context: BrowserContext) {
    this.page = page
    this.#context = context
    page.setDefaultTimeout(patience.timeout)
  }

  static async open(chromium: Chromium, { url }: PageAddress, name: string): Promise<ApprovalsPage> {
    const context = await chromium.context.browser()?.newContext()
    if (!context) throw new Error('the browser makes no further contexts')
    await context.addInitScript((name) => sessionStorage.setItem('holdfast-approvals-name', name), name)
    await context.addInitScript(recordPrompts)
    const page = await context.newPage()
    await page.goto(url)
    const device = new ApprovalsPage(page, context)
    await device.becomes('Live')
    return device
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close()
  }

  /** Waits until the badge says so. */
  async becomes(state: string): Promise<void> {
    await expect.poll(() => this.page.textContent('#badge-state'), patience).toBe(state)
  }

  async isNotLive(): Promise<void> {
    await expect.poll(() => this.page.textContent('#badge-state'), patience).not.toBe('Live')
  }

  async press(button: string): Promise<void> {
    await this.page.getByRole('button', { name: button }).click()
  }

  /** Waits until this is asked, and can be answered. */
  async isAsked(title: string): Promise<Locator> {
    const prompt = this.#open(title).and(this.page.locator('[data-status="pending"]'))
    await prompt.waitFor()
    return prompt
  }

  /** Presses a button of an open prompt. */
  async answer(title: string, button: 'Allow once' | 'Allow every' | 'Deny …'): Promise<void> {
    await (await this.isAsked(title)).getByRole('button', { name: button }).click()
  }

  /** Presses a button of the only prompt that is there, whether it still can be answered or not. */
  async answerAtOnce(button: 'Allow once' | 'Allow every'): Promise<void> {
    await this.page.evaluate((button) => {
      const buttons = document.querySelectorAll<HTMLButtonElement>('.prompt button')
      for (const element of buttons) if (element.textContent.startsWith(button)) element.click()
    }, button)
  }

  async deny(title: string, reason: string): Promise<void> {
    await this.answer(title, 'Deny …')
    await this.page.keyboard.type(reason)
    await this.page.keyboard.press('Enter')
  }

  /** Waits until the prompt says this, wherever it stands. */
  async says(title: string, sentence: string | RegExp): Promise<void> {
    const status = this.page.locator('.prompt', { hasText: title }).locator('.status')
    await expect
      .poll(() => status.allTextContents(), patience)
      .toContainEqual(expect.stringMatching(sentence))
  }

  /** The titles of the prompts that are open. */
  openPrompts(): Promise<string[]> {
    return this.page.locator('#open-prompts .prompt h3').allTextContents()
  }

  /** Waits until these are the prompts that are open. */
  async isAskedOnly(...titles: readonly string[]): Promise<void> {
    await expect.poll(() => this.openPrompts(), patience).toEqual(titles)
  }

  /** The titles of all prompts that ever opened since the page was loaded. */
  openedPrompts(): Promise<string[]> {
    return this.page.evaluate(() => globalThis.openedPrompts)
  }

  /** Waits until the step of the run that is shown has come to this. */
  async stepIs(title: string, status: string): Promise<void> {
    const step = this.page.locator('.step', { hasText: title })
    await expect.poll(() => step.getAttribute('data-status'), patience).toBe(status)
  }

  /** Waits until the audit trail says this. */
  async audits(sentence: string): Promise<void> {
    await expect.poll(() => this.page.textContent('#audit'), patience).toContain(sentence)
  }

  /** The title of the prompt that has the focus, or in which something has. */
  focusedPrompt(): Promise<string | null> {
    return this.page.evaluate(
      () => document.activeElement?.closest('.prompt')?.querySelector('h3')?.textContent ?? null,
    )
  }

  async focusIsAt(title: string): Promise<void> {
    await expect.poll(() => this.focusedPrompt(), patience).toBe(title)
  }

  #open(title: string): Locator {
    return this.page.locator('#open-prompts .prompt', { hasText: title })
  }
}

/** Runs in the page, before anything else does. */
function recordPrompts(): void {
  globalThis.openedPrompts = []
  const seen = new WeakSet<Node>()
  new MutationObserver((records) => {
    for (const node of records.flatMap(({ addedNodes }) => [...addedNodes])) {
      if (!(node instanceof HTMLElement) || !node.matches('#open-prompts > .prompt') || seen.has(node))
        continue
      seen.add(node)
      globalThis.openedPrompts.push(node.querySelector('h3')?.textContent ?? '')
    }
  }).observe(document, { childList: true, subtree: true })
}
