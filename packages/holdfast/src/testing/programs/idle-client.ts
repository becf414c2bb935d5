import { connect, longPoll, sse, websocket } from '../../client-node/index.ts'

const transports = { websocket, sse, longPoll }

/** A client that is never closed; with `subscribed` it has a subscription. */
const [url = '', wish, transport = 'websocket'] = process.argv.slice(2)
const client = connect(url, { transports: [transports[transport as keyof typeof transports]()] })
if (wish === 'subscribed') client.subscribe('news', {}, { message: () => {}, gap: () => {} })
