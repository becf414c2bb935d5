import { randomUUID } from 'node:crypto'
import type { RoomEvent } from '../contract/conversation.ts'
import { assistant } from '../contract/rooms.ts'
import { answerTo } from './assistant-text.ts'
import type { ConversationRecord } from './conversation-record.ts'

/** Answers written at the same time. Beyond, a question is answered at once, with an apology. */
const maxAnswers = 12
const mention = new RegExp(`^@${assistant}\\b[,:]?`, 'i')

export type PublishInRoom = (room: string, event: RoomEvent) => Promise<unknown>

interface Answer {
  readonly room: string
  readonly id: string
  readonly words: readonly string[]
  timer: NodeJS.Timeout | null
}

/** Answers whoever begins a message with `@assistant`: a token is recorded, published, and then the next one's turn comes. */
export class Assistant {
  readonly #record: ConversationRecord
  readonly #publish: PublishInRoom
  readonly #tokenMs: number
  readonly #answers = new Set<Answer>()

  /** @param tokenMs from one token to the next, in milliseconds */
  constructor(record: ConversationRecord, publish: PublishInRoom, tokenMs: number) {
    this.#record = record
    this.#publish = publish
    this.#tokenMs = tokenMs
  }

  hear(room: string, text: string): void {
    if (!mention.test(text)) return
    const busy = this.#answers.size >= maxAnswers
    const words = busy
      ? ['Too ', 'many ', 'questions ', 'at ', 'once, ', 'sorry.']
      : answerTo(text.replace(mention, ''))
    const { id, seq } = this.#record.add(room, {
      id: randomUUID(),
      user: assistant,
      text: '',
      state: 'streaming',
    })
    this.#tell(room, { type: 'began', seq, id })
    const answer: Answer = { room, id, words, timer: null }
    this.#answers.add(answer)
    this.#sayFrom(answer, 0, busy ? 0 : this.#tokenMs)
  }

  /** The server is about to stop: what is not finished never will be. */
  stop(): void {
    for (const answer of this.#answers) {
      if (answer.timer) clearTimeout(answer.timer)
      this.#end(answer, 'interrupted')
    }
  }

  #sayFrom(answer: Answer, index: number, tokenMs: number): void {
    const text = answer.words[index]
    if (text === undefined) return this.#end(answer, 'complete')
    answer.timer = setTimeout(() => {
      this.#record.addToken(answer.id, text)
      this.#tell(answer.room, { type: 'token', id: answer.id, index, text })
      this.#sayFrom(answer, index + 1, tokenMs)
    }, tokenMs)
  }

  #end(answer: Answer, state: 'complete' | 'interrupted'): void {
    this.#answers.delete(answer)
    this.#record.end(answer.id, state)
    this.#tell(answer.room, { type: 'ended', id: answer.id, state })
  }

  #tell(room: string, event: RoomEvent): void {
    this.#publish(room, event).catch((error: unknown) => {
      console.error(`chat: the assistant's ${event.type} in ${room} was not published`, error)
    })
  }
}
