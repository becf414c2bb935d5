import { parseArgs } from 'node:util'
import type { Violation } from '../world/oracle/violation.ts'
import type { RunReport } from './report.ts'
import { run } from './run.ts'

const usage = 'npm run faults -- [--minutes 10] [--clients 200] [--seed 1]'
/** After that, what goes wrong is a consequence of what went wrong before. */
const mostViolationsPrinted = 10

/** Real clients, a real hub and real faults, for minutes; exits with 1 if a promise was not kept. */
async function main(): Promise<void> {
  const settings = settingsOf(process.argv.slice(2))
  if (!settings) {
    console.error(usage)
    process.exitCode = 2
    return
  }
  const { minutes, clients, seed } = settings
  console.log(
    `${clients} clients for ${minutes} minutes, seed ${seed} (real sockets: it does not replay exactly)`,
  )
  const durationMs = minutes * 60_000
  let printed = 0
  const report = await run({
    seed,
    clients,
    durationMs,
    actionsPerSecond: clients / 5,
    faultsPerSecond: Math.max(clients / 45, 1),
    killEveryMs: Math.min(22_000, durationMs / 4),
    longestPauseMs: 20_000,
    least: { cuts: 0, kills: 0, pauses: 0 },
    progress: (report) => console.log(progressOf(report)),
    violated: (violation, events) => {
      if (++printed <= mostViolationsPrinted) console.log(`${describe(violation)}\n${events}`)
    },
  })
  console.log(`\n${summaryOf(report)}`)
  const { violations, losses } = report
  process.exitCode = violations.length + losses.lostInSilence + losses.repeated > 0 ? 1 : 0
}

interface CommandLine {
  readonly minutes: number
  readonly clients: number
  readonly seed: number
}

/** Null if it asks for what there is not. */
function settingsOf(args: string[]): CommandLine | null {
  const options = {
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  } as const
  const { values, positionals } = parseArgs({ args, options, strict: false, allowPositionals: true })
  const [minutes = 0, clients = 0, seed = 0] = [values.minutes, values.clients, values.seed].map(Number)
  const known = Object.keys(values).every((name) => Object.hasOwn(options, name)) && positionals.length === 0
  const sound = minutes > 0 && Number.isInteger(clients) && clients > 0 && Number.isInteger(seed)
  return known && sound ? { minutes, clients, seed } : null
}

function progressOf({ at, live, open, pending, cuts, kills, pauses, violations }: RunReport): string {
  const seconds = Math.round(at / 1_000)
  return `${seconds} s: ${live} of ${open} live, ${pending} operations pending; ${cuts} cuts, ${kills} SIGKILLs, ${pauses} SIGSTOPs; ${violations.length} violations`
}

function summaryOf({ lines, cuts, kills, pauses, violations, losses, at }: RunReport): string {
  return [
    ...lines,
    `after ${Math.round(at / 1_000)} s: ${cuts} cuts, ${kills} SIGKILLs, ${pauses} SIGSTOPs`,
    `lost in silence: ${losses.lostInSilence}`,
    `repeated: ${losses.repeated}`,
    `violations: ${violations.length}`,
  ].join('\n')
}

const describe = ({ promise, client, at, what }: Violation): string =>
  `VIOLATION of ${promise} after ${(at / 1_000).toFixed(3)} s, ${client === null ? 'the hub' : `client ${client}`}: ${what}`

await main()
