import { rooms, type Room } from '../contract/rooms.ts'
import { Badge } from 'holdfast-example-site/page/badge'
import { Chat } from './chat.ts'
import { Composer } from './composer.ts'
import { showCounts } from './counters.ts'
import { byId, setText } from 'holdfast-example-site/page/elements'
import { Identity } from 'holdfast-example-site/page/identity'
import { NameDialog } from './name-dialog.ts'
import { nickname } from './nickname.ts'
import { Notices } from './notices.ts'
import { Panel } from './panel.ts'
import { randomId } from './random-id.ts'
import { RoomsNav } from './rooms-nav.ts'
import { TransportSwitch } from './transport-switch.ts'

// Tells the front which link is this page's, so that it can be cut. It opens nothing, so it may stand in the address.
const tab = randomId()
const identity = new Identity({
  storage: localStorage,
  storageKey: 'holdfast-chat-name',
  otherwise: nickname(),
})
const notices = new Notices()
let current = rooms.find(({ id }) => `#${id}` === location.hash) ?? rooms[0]

const chat = new Chat(`/holdfast?tab=${tab}`, rooms, identity, notices, {
  changed: update,
  heard: (room) => {
    if (room !== current) nav.addUnread(room.id)
  },
})
const badge = new Badge(
  () => chat.client,
  () => void chat.connectAgain(),
)
const transportSwitch = new TransportSwitch(
  () => chat.client,
  (name) => chat.preferTransport(name),
)
const composer = new Composer((text) => {
  if (current) chat.say(current.id, text)
})
const nav = new RoomsNav(rooms, (room) => {
  open(room)
  composer.focus()
})

byId('lists', HTMLElement).append(...chat.lists.map(({ element }) => element))
if (current) open(current)
update()

new Panel(tab, notices).listen()
new NameDialog(
  identity,
  () => (chat.hasUnsent ? 'Some messages are still on their way under the old name.' : null),
  () => void chat.connectAgain(),
).listen()
window.addEventListener('beforeunload', (event) => {
  if (chat.hasUnsent) event.preventDefault()
})

function open(room: Room): void {
  current = room
  history.replaceState(null, '', `#${room.id}`)
  for (const list of chat.lists) list.show(list.element.dataset['room'] === room.id)
  setText(byId('room-title', HTMLElement), room.title)
  setText(byId('room-about', HTMLElement), room.about)
  document.title = `${room.title} · Holdfast chat`
  nav.open(room)
  composer.labelFor(room.title)
}

function update(): void {
  badge.update()
  transportSwitch.update()
  showCounts(chat.counts)
}
