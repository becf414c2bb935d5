export interface Person {
  readonly name: string
  readonly role: string
}

/** Is asked first. */
export const operator: Person = { name: 'Ana', role: 'operator' }

/** Is asked too when nobody has answered for a while. */
export const lead: Person = { name: 'Ben', role: 'lead' }

export const people: readonly Person[] = [operator, lead]

export const isPerson = (name: unknown): name is string => people.some((person) => person.name === name)
