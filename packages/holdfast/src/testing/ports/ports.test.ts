import { linkSocketSuite } from './link-socket-suite.ts'
import { portPairs } from './port-pairs.ts'
import { transportSuite } from './transport-suite.ts'

for (const pair of portPairs) {
  transportSuite(pair)
  linkSocketSuite(pair)
}
