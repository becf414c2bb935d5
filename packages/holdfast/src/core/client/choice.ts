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
  /** Failures and short lives of `home` in a row; no more than `patience` are counted. */
  readonly strikes: number
  /** `home` got another chance after another transport had opened [R59]. */
  readonly rechecked: boolean
  /** The one wanted most: the first, or the one that the application prefers. */
  readonly best: number
  /** Links in a row that took over from one that worked and lived shortly. */
  readonly relapses: number
}

export function initialChoice(home: number): Choice {
  return { transport: home, home, homeProved: false, strikes: 0, rechecked: false, best: 0, relapses: 0 }
}

/** A link was proved. One that took over has to live for a while before it counts as home. */
export function proved(choice: Choice, upgraded: boolean): Choice {
  if (upgraded) return choice
  const { transport, home } = choice
  return transport === home ? { ...choice, homeProved: true } : atHome(choice)
}

/** The link lived for long enough to be trusted; or not. */
export function lived(choice: Choice, lifeMs: number): Choice | null {
  return lifeMs < shortLifeMs ? null : atHome(choice)
}

const atHome = (choice: Choice): Choice => ({
  ...choice,
  home: choice.transport,
  homeProved: true,
  strikes: 0,
  rechecked: false,
  relapses: 0,
})

/** After a failure that counts against the transport: which is next, and whether at once [R57, R59]. */
export function afterFailure(
  choice: Choice,
  upgraded: boolean,
  transports: number,
): { readonly choice: Choice; readonly atOnce: boolean } {
  const { transport, home, homeProved, rechecked } = choice
  if (upgraded) {
    return { choice: { ...choice, transport: home, relapses: choice.relapses + 1 }, atOnce: false }
  }
  const strikes = transport === home ? Math.min(choice.strikes + 1, patience) : choice.strikes
  if (transport === home && homeProved && strikes < patience) {
    return { choice: { ...choice, strikes }, atOnce: false }
  }
  const next = (transport + 1) % transports
  const atOnce = next !== home
  return { choice: { ...choice, transport: next, strikes, rechecked: rechecked && atOnce }, atOnce }
}

/** Another transport than home has opened, so the hub can be reached: home, which worked, gets another chance [R59]. */
export function recheck(choice: Choice): Choice | null {
  const { transport, home, homeProved, rechecked } = choice
  return homeProved && !rechecked && transport !== home
    ? { ...choice, transport: home, rechecked: true }
    : null
}

/** How long until a better transport is tried; Infinity if there is none. */
export function rivalAfterMs({ transport, best, relapses }: Choice, random: number): number {
  return transport === best ? Infinity : rivalDelayMs * 2 ** Math.min(relapses, 4) * (1 + 0.3 * random)
}

/** The transport to try in the background after one failed there; null: all were tried. */
export function candidateAfter({ transport, best }: Choice, candidate: number): number | null {
  return best === 0 && candidate + 1 < transport ? candidate + 1 : null
}
