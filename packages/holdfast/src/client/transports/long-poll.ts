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
      if (answer?.response.status !== 200) continue
      const sequence = Number(answer.response.headers.get('holdfast-sequence'))
      if (sequence === received + 1) {
        received = sequence
        link.read(`${answer.text}\n`)
      } else if (!sequence || sequence > received) return link.ended(null)
    }
  })
}
