import { connect } from '../../client-node/index.ts'

/** A client that is never closed; with `subscribed` it has a subscription. */
const [url = '', wish] = process.argv.slice(2)
const client = connect(url)
if (wish === 'subscribed') client.subscribe('news', {}, { message: () => {}, gap: () => {} })
