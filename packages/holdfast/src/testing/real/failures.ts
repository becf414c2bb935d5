import type { RunReport } from './report.ts'

/** Of links, and of the hub's process: a run in which nothing breaks proves nothing. */
const leastCutsPerMinute = 1
const leastKillsPerMinute = 1

/** Why a run of so many minutes has failed; none if every promise was kept although enough went wrong. */
export function failuresOf(
  { violations, losses, cuts, kills }: Pick<RunReport, 'violations' | 'losses' | 'cuts' | 'kills'>,
  minutes: number,
): string[] {
  const { lostInSilence, repeated } = losses
  const [leastCuts, leastKills] = [leastCutsPerMinute, leastKillsPerMinute].map((perMinute) =>
    Math.max(Math.floor(perMinute * minutes), 1),
  ) as [number, number]
  return [
    ...(violations.length > 0 ? [`${violations.length} violations`] : []),
    ...(lostInSilence > 0 ? [`${lostInSilence} lost in silence`] : []),
    ...(repeated > 0 ? [`${repeated} repeated`] : []),
    ...(cuts < leastCuts ? [`${cuts} cuts, wanted at least ${leastCuts}`] : []),
    ...(kills < leastKills ? [`${kills} SIGKILLs, wanted at least ${leastKills}`] : []),
  ]
}
