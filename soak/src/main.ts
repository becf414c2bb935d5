// Does anything survive the connections that come and go? Clean closes, resets, half handshakes, abandoned sessions over all
// transports, and in between the load pauses until nothing should be left; then both processes are measured.
//
//     npm run soak -- --minutes 10 [--out <folder>] [--leak sessions,listeners,descriptors,timers]
//
// Exits with 1 if a heap grows, or if something is not as it was; with 2 if it was asked for what there is not. `--leak`
// plants leaks that have to be found.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { chartOf } from './chart.ts'
import { commandLineOf, usage, type CommandLine } from './command-line.ts'
import { soak, type Soaked } from './soak.ts'
import { verdictOn, type Sample, type Verdict } from './verdict.ts'

/** At most so many samples, and for each at least so long a load: a pause takes about four seconds. */
const mostRounds = 30
const shortestRoundMs = 3_000
/**
 * Of the samples so many are left out. Until then the compiler and its caches are still growing, and what the hub may remember
 * of topics is not yet full.
 */
const warmUpShare = 0.25

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  let asked: CommandLine
  try {
    asked = commandLineOf(args)
  } catch (error) {
    console.error(`${(error as Error).message}\nusage: ${usage}`)
    return 2
  }
  const { minutes, out, leak } = asked
  const command = `npm run soak -- --minutes ${minutes}${leak && ` --leak ${leak}`}`
  console.log(
    `node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores`,
  )
  console.log('minutes  connections  heap (kB)    descriptors  handles  listeners')
  const soaked = await soak({
    forMs: minutes * 60_000,
    roundMs: Math.max(shortestRoundMs, (minutes * 60_000) / mostRounds),
    leaks: leak,
    sampled: printSample,
  })
  const warmUp = Math.ceil(soaked.samples.length * warmUpShare)
  const verdict = verdictOn(soaked.samples.slice(warmUp), soaked.churned)
  printResult(soaked, verdict)
  const folder = out ?? mkdtempSync(join(tmpdir(), 'holdfast-soak-'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'soak.svg'), chartOf({ command, ...soaked, warmUp, verdict }))
  writeFileSync(
    join(folder, 'samples.jsonl'),
    soaked.samples.map((sample) => JSON.stringify(sample)).join('\n'),
  )
  console.log(`chart and samples: ${folder}`)
  return verdict.passed ? 0 : 1
}

/** The server's gauges and, behind a slash, those of the clients. */
function printSample({ minutes, connections, server, clients }: Sample): void {
  const both = (name: 'descriptors' | 'handles' | 'listeners'): string =>
    `${server[name] ?? '?'}/${clients[name] ?? '?'}`
  const heaps = [server, clients].map(({ heapBytes }) => Math.round(heapBytes / 1_000)).join('/')
  const columns = [
    minutes.toFixed(1).padStart(7),
    String(connections).padStart(11),
    heaps.padEnd(11),
    both('descriptors').padEnd(11),
    both('handles').padEnd(7),
    both('listeners'),
  ]
  console.log(columns.join('  '))
}

function printResult({ samples, churned, tally, busy }: Soaked, { passed, findings }: Verdict): void {
  const peak = (count: (at: (typeof busy)[number]) => number): number => Math.max(...busy.map(count))
  console.log(
    `\n${churned.lives} lives of ${Object.keys(churned.kinds).length} kinds, ${samples.length} samples`,
  )
  console.log(
    `the hub accepted ${tally.accepted} connections, opened ${tally.opened} sessions, resumed ${tally.resumed}, handled ${tally.requests} requests`,
  )
  console.log(
    `under load it held up to ${peak(({ hub }) => hub.links)} links, ${peak(({ hub }) => hub.sessions.resting)} resting sessions, ${peak(({ server }) => server.descriptors ?? 0)} descriptors`,
  )
  for (const complaint of churned.complaints) console.log(`failed life: ${complaint}`)
  console.log('')
  for (const { passed, what } of findings) console.log(`${passed ? 'ok    ' : 'FAILED'}  ${what}`)
  console.log(`\nverdict: ${passed ? 'passed' : 'failed'}`)
}
