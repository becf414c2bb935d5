/** A life shorter than this counts against its transport [R58]. */
const shortLifeMs = 30_000
/** The transport that was proved may fail this often in a row before others are tried [R59]. */
const patience = 3
/** How long a better transport is left alone before it is tried in the background, plus up to 30 % [R60]. */
const rivalDelayMs = 30_000

/** Which transport is used, and what is known of the others. They are known by their place in the list, best first. */
export interface Choice {
  /** In use, or to be tried next. */
  readonly transport: number
  /** The one to come back to: proved last, or to begin with. */
  readonly home: number
  readonly homeProved: boolean
  /** Failures and short lives of the proved `home` in a row; no more than `patience` are counted. */
  readonly strikes: number
  /** It opened when `home` did not, and waits for what becomes of the other chance that `home` got [R59]. */
  readonly fallback: number | null
  /** The one wanted most: the first, or the one that the application prefers. */
  readonly best: number
  /** The application said so. */
  readonly chosen: boolean
  /** Links in a row that took over from one that worked and lived shortly. */
  readonly relapses: number
}

export function initialChoice(home: number): Choice {
  return {
    transport: home,
    home,
    homeProved: false,
    strikes: 0,
    fallback: null,
    best: 0,
    chosen: false,
    relapses: 0,
  }
}

/** Before anything is live, what the application prefers is begun with. */
export function preferring(transport: number | null): Choice {
  const best = transport ?? 0
  return { ...initialChoice(best), best, chosen: transport !== null }
}

/** A link was proved. One that took over has to live for a while before it counts as home, unless it was chosen. */
export function proved(choice: Choice, upgraded: boolean): Choice {
  const { transport, home, homeProved, chosen } = choice
  return (upgraded && !chosen) || (homeProved && transport === home) ? choice : atHome(choice, 0)
}

/** The link lived for long enough to be trusted; or not. */
export function lived(choice: Choice, upgraded: boolean, lifeMs: number): Choice | null {
  return lifeMs < shortLifeMs ? null : atHome(choice, upgraded ? 0 : choice.relapses)
}

const atHome = (choice: Choice, relapses: number): Choice => ({
  ...choice,
  home: choice.transport,
  homeProved: true,
  strikes: 0,
  fallback: null,
  relapses,
})

/** A link that took over, or was to, came to nothing: back to the one before, and the next is tried later. */
export function relapsed(choice: Choice): Choice {
  return { ...choice, relapses: choice.relapses + 1 }
}

/** After a failure that counts against the transport: which is next, and whether at once [R57, R59]. */
export function afterFailure(
  choice: Choice,
  transports: number,
): { readonly choice: Choice; readonly atOnce: boolean } {
  const { transport, home, homeProved, fallback } = choice
  const fromHome = transport === home
  const strikes = Math.min(choice.strikes + (homeProved && fromHome ? 1 : 0), patience)
  if (homeProved && strikes < patience) {
    return { choice: { ...choice, transport: home, strikes }, atOnce: false }
  }
  const next = (fromHome ? fallback : null) ?? (transport + 1) % transports
  const atOnce = next !== home
  return { choice: { ...choice, transport: next, strikes, fallback: atOnce ? fallback : null }, atOnce }
}

/** Another transport than home has opened, so the hub can be reached: home, which worked, gets another chance [R59]. */
export function recheck(choice: Choice): Choice | null {
  const { transport, home, strikes, fallback } = choice
  return strikes === patience && fallback === null && transport !== home
    ? { ...choice, transport: home, fallback: transport }
    : null
}

/** How long until a better transport is tried; Infinity if there is none. */
export function rivalAfterMs({ transport, best, relapses }: Choice, random: number): number {
  return transport === best ? Infinity : rivalDelayMs * 2 ** Math.min(relapses, 4) * (1 + 0.3 * random)
}

/** The transport to try first in the background: not always the one that relapses. */
export function firstCandidate(choice: Choice): number {
  const { best, relapses } = choice
  return (relapses % 2 ? candidateAfter(choice, best) : null) ?? best
}

/** The transport to try in the background after one failed there; null: all were tried. */
export function candidateAfter({ transport }: Choice, candidate: number): number | null {
  return candidate + 1 < transport ? candidate + 1 : null
}
