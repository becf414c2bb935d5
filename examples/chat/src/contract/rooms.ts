export interface Room {
  readonly id: string
  readonly title: string
  readonly about: string
}

export const rooms: readonly Room[] = [
  {
    id: 'lobby',
    title: 'Lobby',
    about: 'Say hello. A private window, or another name in a second tab, is somebody to talk to.',
  },
  {
    id: 'workshop',
    title: 'Workshop',
    about: 'Ask the assistant for something long, then break the connection.',
  },
  { id: 'library', title: 'Library', about: 'A quiet room, to see that rooms do not mix.' },
]

export const isRoom = (id: unknown): id is string => rooms.some((room) => room.id === id)

/** The topic on which a room's events are published. */
export const topicOf = (room: string): string => `room:${room}`

/** The assistant's user. Nobody can sign in by this name. */
export const assistant = 'assistant'
