import type { Room } from '../contract/rooms.ts'
import { byId, make, setText } from 'holdfast-example-site/page/elements'

interface Tab {
  readonly button: HTMLButtonElement
  readonly count: HTMLElement
  unread: number
}

/** The list of rooms: which one is open, and how much is new in the others. */
export class RoomsNav {
  readonly #tabs = new Map<string, Tab>()

  constructor(rooms: readonly Room[], chosen: (room: Room) => void) {
    const list = byId('rooms', HTMLElement)
    for (const room of rooms) {
      const count = make('span', { className: 'unread' })
      count.hidden = true
      const button = make('button', { type: 'button', 'data-room': room.id }, [
        make('span', { className: 'hash', text: '#', 'aria-hidden': 'true' }),
        make('span', { text: room.title }),
        count,
      ])
      button.addEventListener('click', () => chosen(room))
      this.#tabs.set(room.id, { button, count, unread: 0 })
      list.append(make('li', {}, [button]))
    }
  }

  open(room: Room): void {
    for (const [id, { button }] of this.#tabs) {
      if (id === room.id) button.setAttribute('aria-current', 'page')
      else button.removeAttribute('aria-current')
    }
    this.#setUnread(room.id, 0)
  }

  addUnread(room: string): void {
    this.#setUnread(room, (this.#tabs.get(room)?.unread ?? 0) + 1)
  }

  #setUnread(room: string, unread: number): void {
    const tab = this.#tabs.get(room)
    if (!tab) return
    tab.unread = unread
    tab.count.hidden = unread === 0
    setText(tab.count, unread > 99 ? '99+' : String(unread))
    tab.count.setAttribute('aria-label', `${unread} new`)
  }
}
