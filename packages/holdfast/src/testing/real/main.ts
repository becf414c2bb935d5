import type { Violation } from '../world/oracle/violation.ts'
import { commandLineOf, usage, type CommandLine } from './command-line.ts'
import { failuresOf } from './failures.ts'
import type { RunReport } from './report.ts'
import { run } from './run.ts'

/** After that, what goes wrong is a consequence of what went wrong before. */
const mostViolationsPrinted = 10

/** Real clients, a real hub and real faults, for minutes; exits with 1 if a promise was not kept, or too little happened to tell. */
async function main(args: string[]): Promise<number> {
  let asked: CommandLine
  try {
    asked = commandLineOf(args)
  } catch (error) {
    console.error(`${(error as Error).message}\nusage: ${usage}`)
    return 2
  }
  const { minutes, clients, seed } = asked
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
    progress: (report) => console.log(progressOf(report)),
    violated: (violation, events) => {
      if (++printed <= mostViolationsPrinted) console.log(`${describe(violation)}\n${events}`)
    },
  })
  console.log(`\n${summaryOf(report)}`)
  const failures = failuresOf(report, minutes)
  for (const failure of failures) console.log(`FAILED: ${failure}`)
  return failures.length > 0 ? 1 : 0
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

process.exitCode = await main(process.argv.slice(2))
