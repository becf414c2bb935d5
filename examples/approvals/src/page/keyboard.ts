import type { Prompts } from './prompts.ts'

/**
 * One key each to answer the prompt that has the focus, and so is marked: a key never answers a question that somebody does
 * not look at. Without a focused prompt the first press only goes to one.
 */
export function listenToKeys(prompts: Prompts): void {
  document.addEventListener('keydown', (event) => {
    const { key, target, ctrlKey, altKey, metaKey, repeat } = event
    const action = actions[key.toLowerCase()]
    if (!action || ctrlKey || altKey || metaKey || repeat) return
    if (target instanceof HTMLElement && target.matches('input:not([type="radio"]), textarea')) return
    event.preventDefault()
    const { focused } = prompts
    if (!focused) prompts.focusNext()
    else if (focused.isAnswerable) focused[action]()
  })
}

const actions: Readonly<Record<string, 'allowOnce' | 'allowForRun' | 'beginDenial'>> = {
  a: 'allowOnce',
  r: 'allowForRun',
  d: 'beginDenial',
}
