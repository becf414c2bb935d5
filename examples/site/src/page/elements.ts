/** The element of the page with this id. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} with the id ${id}`)
  return found
}

type AttributeName = `aria-${string}` | `data-${string}` | 'role' | 'type'

export type Attributes = {
  readonly className?: string
  readonly text?: string
} & { readonly [Name in AttributeName]?: string }

/** A new element. Text is always set as text: what people say is never read as HTML. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  { className, text, ...attributes }: Attributes = {},
  children: readonly Node[] = [],
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  if (className !== undefined) element.className = className
  if (text !== undefined) element.textContent = text
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, String(value))
  element.append(...children)
  return element
}

export function makeButton(text: string, clicked: () => void): HTMLButtonElement {
  const button = make('button', { text, type: 'button' })
  button.addEventListener('click', clicked)
  return button
}

/** Leaves the element alone if it says so already. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
