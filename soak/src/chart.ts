import type { Busy } from './soak.ts'
import { trendOf, type Point } from './trend.ts'
import { heapTrend, signed, type Sample, type Verdict } from './verdict.ts'

const width = 960
const height = 640
const margin = 24
const top = 92
const gutter = 32
const panelWidth = (width - 2 * margin - gutter) / 2
const panelHeight = (height - top - margin - gutter) / 2
/** Inside a panel: above for its title, left and below for the axes. */
const inset = { top: 34, right: 12, bottom: 26, left: 52 }

/** What a panel shows: a gauge of both processes. */
interface Panel {
  readonly title: string
  readonly unit: string
  readonly of: (at: Sample['server']) => number
  /** With the line that the verdict goes by, and from a scale of its own instead of from 0. */
  readonly trend?: true
}

const panels: readonly Panel[] = [
  {
    title: 'Heap',
    unit: 'MB',
    of: ({ heapBytes }) => heapBytes / 1e6,
    trend: true,
  },
  { title: 'File descriptors', unit: '', of: ({ descriptors }) => descriptors ?? 0 },
  { title: 'Handles', unit: '', of: ({ handles }) => handles },
  { title: 'Listeners', unit: '', of: ({ listeners }) => listeners },
]

export interface ChartData {
  readonly command: string
  readonly samples: readonly Sample[]
  /** The first so many samples are the warm-up, which the verdict leaves out. */
  readonly warmUp: number
  readonly busy: readonly Busy[]
  readonly verdict: Verdict
}

/** An SVG of four panels over the number of connections, legible on light and dark ground. */
export function chartOf(data: ChartData): string {
  const { command, samples, verdict } = data
  const last = samples.at(-1)
  const connections = last?.connections.toLocaleString('en') ?? 0
  const subtitle = `${connections} connections in ${last?.minutes.toFixed(1) ?? 0} minutes`
  const result = verdict.passed ? 'passed' : 'failed'
  const drawn = panels.map((panel, index) => {
    const x = margin + (index % 2) * (panelWidth + gutter)
    const y = top + Math.floor(index / 2) * (panelHeight + gutter)
    return `<g transform="translate(${x} ${y})">${panelOf(panel, data)}</g>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(`${command}: ${result}`)}">`,
    `<style>${style}</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    `<text class="title" x="${margin}" y="38">${escaped(command)}</text>`,
    `<text x="${margin}" y="62">${escaped(subtitle)}, verdict: <tspan class="${result}">${result}</tspan></text>`,
    legend(),
    ...drawn,
    '</svg>\n',
  ].join('\n')
}

const style = `
  svg { --ground: #fff; --ink: #1f2430; --soft: #6b7280; --grid: #e5e7eb; --server: #2563eb; --clients: #b45309; --bad: #b91c1c; --good: #15803d }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #14171f; --ink: #e6e8ee; --soft: #9aa3b2; --grid: #2b313d; --server: #7aa2ff; --clients: #f0a35e; --bad: #ff8a80; --good: #7bd88f }
  }
  text { font: 13px system-ui, sans-serif; fill: var(--ink) }
  .title { font-size: 18px; font-weight: 600 }
  .heading { font-weight: 600 }
  .soft { font-size: 11px; fill: var(--soft) }
  .ground { fill: var(--ground) }
  .warm-up { fill: var(--grid); opacity: .5 }
  .grid { stroke: var(--grid) }
  .server { --hue: var(--server) }
  .clients { --hue: var(--clients) }
  .rest { fill: var(--hue) }
  .busy { fill: none; stroke: var(--hue); opacity: .45 }
  .line { fill: none; stroke: var(--hue); stroke-width: 1.5 }
  .trend { stroke: var(--hue); stroke-dasharray: 5 4 }
  .passed { fill: var(--good); font-weight: 600 }
  .failed { fill: var(--bad); font-weight: 600 }`

function legend(): string {
  const entries = [
    ['<circle class="server rest" r="4"/>', 'server, at rest'],
    ['<circle class="clients rest" r="4"/>', 'clients, at rest'],
    ['<circle class="busy server" r="3.5"/>', 'under load'],
    ['<rect class="warm-up" x="-6" y="-6" width="12" height="12"/>', 'warm-up'],
  ]
  const drawn = entries.map(
    ([mark, text], index) =>
      `<g transform="translate(${index * 118} 0)">${mark}<text class="soft" x="10" y="4">${text}</text></g>`,
  )
  return `<g transform="translate(${width - margin - 440} 58)">${drawn.join('')}</g>`
}

function panelOf(panel: Panel, { samples, warmUp, busy }: ChartData): string {
  const rest = { server: series(samples, 'server', panel), clients: series(samples, 'clients', panel) }
  // A heap under load is mostly garbage, and says nothing.
  const peaks = panel.trend
    ? null
    : { server: series(busy, 'server', panel), clients: series(busy, 'clients', panel) }
  const shown = [...rest.server, ...rest.clients, ...(peaks?.server ?? []), ...(peaks?.clients ?? [])]
  const scale = scaleFor(shown, panel.trend === true)
  const warmUntil = scale.x(samples[warmUp]?.connections ?? 0)
  const parts = [
    `<text class="heading" x="0" y="14">${panel.title}${panel.unit && ` (${panel.unit})`}</text>`,
    panel.trend ? slopes(samples.slice(warmUp)) : '',
    `<rect class="warm-up" x="${inset.left}" y="${inset.top}" width="${round(warmUntil - inset.left)}" height="${panelHeight - inset.top - inset.bottom}"/>`,
    ...scale.rows.map((row) => rowOf(row, scale)),
    `<text class="soft" x="${inset.left}" y="${panelHeight - 6}">0</text>`,
    `<text class="soft" text-anchor="end" x="${panelWidth - inset.right}" y="${panelHeight - 6}">${scale.most.toLocaleString('en')} connections</text>`,
  ]
  for (const name of ['server', 'clients'] as const) {
    const dots = (points: readonly Point[], kind: string, radius: number): string[] =>
      points.map(
        ({ x, y }) =>
          `<circle class="${kind} ${name}" cx="${round(scale.x(x))}" cy="${round(scale.y(y))}" r="${radius}"/>`,
      )
    const path = rest[name].map(({ x, y }) => `${round(scale.x(x))},${round(scale.y(y))}`).join(' ')
    if (peaks) parts.push(...dots(peaks[name], 'busy', 2.5))
    parts.push(`<polyline class="line ${name}" points="${path}"/>`, ...dots(rest[name], 'rest', 2.5))
    if (panel.trend) parts.push(trendLine(rest[name].slice(warmUp), name, scale))
  }
  return parts.join('\n')
}

/** What the verdict says of the heaps. */
function slopes(samples: readonly Sample[]): string {
  const [server, clients] = (['server', 'clients'] as const).map((name) =>
    signed(heapTrend(name, samples).slope),
  )
  return (
    `<text class="soft" text-anchor="end" x="${panelWidth - inset.right}" y="14">` +
    `server ${server} %, clients ${clients} % per 10,000</text>`
  )
}

function series(from: readonly (Sample | Busy)[], name: 'server' | 'clients', { of }: Panel): Point[] {
  return from.map((at) => ({ x: at.connections, y: of(at[name]) }))
}

interface Scale {
  readonly most: number
  readonly rows: readonly number[]
  x(value: number): number
  y(value: number): number
}

function scaleFor(points: readonly Point[], fromBelow: boolean): Scale {
  const most = Math.max(...points.map(({ x }) => x))
  const highest = Math.max(...points.map(({ y }) => y), 1)
  const lowest = fromBelow ? Math.min(...points.map(({ y }) => y)) * 0.9 : 0
  const step = niceStep((highest - lowest) / 4)
  const floor = Math.floor(lowest / step) * step
  const ceiling = Math.ceil(highest / step) * step
  const inner = {
    width: panelWidth - inset.left - inset.right,
    height: panelHeight - inset.top - inset.bottom,
  }
  return {
    most,
    rows: Array.from(
      { length: Math.round((ceiling - floor) / step) + 1 },
      (_, index) => floor + index * step,
    ),
    x: (value) => inset.left + (value / most) * inner.width,
    y: (value) => inset.top + (1 - (value - floor) / (ceiling - floor)) * inner.height,
  }
}

/** The next of 1, 2, 5, 10, 20, 50 … */
function niceStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast))
  return power * ([1, 2, 5].find((factor) => factor * power >= atLeast) ?? 10)
}

function rowOf(value: number, scale: Scale): string {
  const y = round(scale.y(value))
  return (
    `<line class="grid" x1="${inset.left}" x2="${panelWidth - inset.right}" y1="${y}" y2="${y}"/>` +
    `<text class="soft" text-anchor="end" x="${inset.left - 6}" y="${y + 4}">${round(value)}</text>`
  )
}

function trendLine(points: readonly Point[], name: string, scale: Scale): string {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last || first === last) return ''
  const trend = trendOf(points)
  const end = ({ x }: Point): string => `${round(scale.x(x))},${round(scale.y(trend.at(x)))}`
  return `<polyline class="trend ${name}" fill="none" points="${end(first)} ${end(last)}"/>`
}

const round = (value: number): number => Math.round(value * 10) / 10

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
