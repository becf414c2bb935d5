const first = [
  'Quiet',
  'Brave',
  'Gentle',
  'Merry',
  'Swift',
  'Patient',
  'Curious',
  'Sunny',
  'Steady',
  'Clever',
]
const second = ['Otter', 'Heron', 'Badger', 'Puffin', 'Walrus', 'Lynx', 'Marten', 'Plover', 'Seal', 'Tern']

/** For whoever has not chosen a name. */
export function nickname(): string {
  return `${pick(first)} ${pick(second)}`
}

function pick(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? ''
}
