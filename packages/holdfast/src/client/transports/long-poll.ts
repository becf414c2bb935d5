import { httpTransport, type HttpOptions } from './http-link.ts'
import type { Transport } from './transport.ts'

/** Long-polling: the downlink is a sequence of responses, each of which waits for something to say [R53]. */
export function longPoll(options?: HttpOptions): Transport {
  return httpTransport('long-poll', options, async (link) => {
    let answer = await link.post('/poll')
    if (answer) link.opened(answer)
    for (let received = 0; answer;) {
      const wait = (await link.mayHold()) ? null : { 'holdfast-wait': '500' }
      answer = await link.post('/poll', { 'holdfast-received': `${received}`, ...wait })
      if (!answer) return
      const { status, headers } = answer.response
      const sequence = headers.get('holdfast-sequence')
      if (status === 200 && sequence === `${received + 1}`) {
        received++
        link.read(`${answer.text}\n`)
      } else if (sequence !== `${received}`) {
        // Not the hub's, or not what was asked for.
        return link.ended(null)
      }
    }
  })
}
