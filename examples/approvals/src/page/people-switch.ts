import { byId, make, setText } from 'holdfast-example-site/page/elements'
import type { Identity } from 'holdfast-example-site/page/identity'
import { people } from '../contract/people.ts'

/** Says who this page speaks as, and lets it be somebody else: a real console would have a sign-in here. */
export class PeopleSwitch {
  readonly #group = byId('people', HTMLFieldSetElement)
  readonly #problem = byId('sign-in-problem', HTMLElement)
  readonly #identity: Identity
  readonly #changed: () => void

  /** @param changed connects anew, as the new user */
  constructor(identity: Identity, changed: () => void) {
    this.#identity = identity
    this.#changed = changed
  }

  show(): void {
    for (const { name, role } of people) {
      const radio = make('input', { type: 'radio' })
      radio.name = 'person'
      radio.value = name
      radio.checked = name === this.#identity.name
      radio.addEventListener('change', () => void this.#choose(name))
      const label = make('span', { text: name }, [make('small', { text: ` ${role}` })])
      this.#group.append(make('label', {}, [radio, label]))
    }
  }

  async #choose(name: string): Promise<void> {
    const problem = await this.#identity.rename(name).catch(() => 'The server cannot be reached.')
    setText(this.#problem, problem ?? '')
    if (problem === null) this.#changed()
    for (const radio of this.#group.querySelectorAll('input'))
      radio.checked = radio.value === this.#identity.name
  }
}
