// What a soak decides: how fast each figure grows from the warm-up to the end, and whether that is flat. Pure.

/** What a figure is, which decides how much it may grow. */
export const KINDS = {
  /** Memory of a process that ran from beginning to end (MB). A heap breathes. */
  memory: { unit: 'MB', share: 0.15, least: 24 },
  handles: { unit: 'handles', share: 0.1, least: 12 },
  /** Documents of a collection that must not grow while as much is done each minute. */
  documents: { unit: 'documents', share: 0.25, least: 100 },
  /** The mean size of a document, which outboxes, ledgers and lists within it would raise (bytes). */
  document: { unit: 'bytes', share: 0.25, least: 256 },
  /** What waits: events, mails, calls, unread messages. */
  pending: { unit: 'waiting', share: 0.25, least: 50 },
  p50: { unit: 'ms', share: 0.3, least: 25 },
  /** Calls that meet a restart wait for it, so the slowest of a minute vary. */
  p99: { unit: 'ms', share: 0.5, least: 750 },
  /** What keeps a history grows by what is done; it is shown and not judged. */
  history: { unit: '', share: Number.POSITIVE_INFINITY, least: Number.POSITIVE_INFINITY },
} as const
export type Kind = keyof typeof KINDS

/** A figure at a time of the run (ms since its start). */
export type Point = Readonly<{ at_ms: number; value: number }>
/** A figure over the run. */
export type Series = Readonly<{ name: string; kind: Kind; points: readonly Point[] }>

/** What was found of a series. `grown`: by how much the line through it rises over the window that is judged. */
export type Finding = Readonly<{
  name: string
  kind: Kind
  /** The median value in the window; its slope per hour. */
  level: number
  per_hour: number
  grown: number
  allowed: number
  verdict: 'flat' | 'grows' | 'history' | 'too short'
}>

const HOUR_MS = 3_600_000
const WARM_UP_MS = 10 * 60_000
/** A slope through fewer points is none. */
const LEAST_POINTS = 5

const middle = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[half] ?? 0) : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2
}

/** When the warm-up of a run is over: after ten minutes, in a run of less than an hour after a sixth of it (ms). */
export const warmUpOf = (duration_ms: number): number => Math.min(WARM_UP_MS, duration_ms / 6)

/**
 * The slope of a series by Theil and Sen (https://doi.org/10.1080/01621459.1968.10480934): the median of the slopes
 * between any two points, which a few odd ones do not bend.
 * @returns per ms; 0 for fewer than two points
 */
export const slopeOf = (points: readonly Point[]): number => {
  const slopes = points.flatMap((one, index) =>
    points
      .slice(index + 1)
      .filter(({ at_ms }) => at_ms !== one.at_ms)
      .map((other) => (other.value - one.value) / (other.at_ms - one.at_ms)),
  )
  return slopes.length === 0 ? 0 : middle(slopes)
}

/** How much a figure of this kind may rise over the window: a share of its level, and at least some. */
export const allowedFor = (kind: Kind, level: number): number =>
  Math.max(KINDS[kind].least, KINDS[kind].share * level)

/** Judges a series from the end of the warm-up on. */
export const judgeSeries = ({ name, kind, points }: Series, duration_ms: number): Finding => {
  const from = warmUpOf(duration_ms)
  const window = points.filter(({ at_ms }) => at_ms >= from)
  const slope = slopeOf(window)
  const level = window.length === 0 ? 0 : middle(window.map(({ value }) => value))
  const grown = slope * ((window.at(-1)?.at_ms ?? 0) - (window[0]?.at_ms ?? 0))
  const allowed = allowedFor(kind, level)
  const found = { name, kind, level, per_hour: slope * HOUR_MS, grown, allowed }
  if (kind === 'history') return { ...found, verdict: 'history' }
  if (window.length < LEAST_POINTS) return { ...found, verdict: 'too short' }
  return { ...found, verdict: grown > allowed ? 'grows' : 'flat' }
}

/** Whether a run failed: something grows, or nothing could be judged. */
export const hasFailed = (findings: readonly Finding[]): boolean =>
  findings.some(({ verdict }) => verdict === 'grows') ||
  findings.every(({ verdict }) => verdict === 'history' || verdict === 'too short')

const shown = (value: number): string =>
  Math.abs(value) >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1)

const ORDER: readonly Finding['verdict'][] = ['grows', 'too short', 'flat', 'history']

/** All findings as a table in Markdown, what grows first. */
export const tableOf = (findings: readonly Finding[]): string =>
  [
    '| figure | level | per hour | rise in the window | allowed | verdict |',
    '|---|---|---|---|---|---|',
    ...findings
      .toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || a.name.localeCompare(b.name))
      .map(({ name, kind, level, per_hour, grown, allowed, verdict }) => {
        const { unit } = KINDS[kind]
        const bound = Number.isFinite(allowed) ? shown(allowed) : ''
        return `| ${name} | ${shown(level)} ${unit} | ${shown(per_hour)} | ${shown(grown)} | ${bound} | ${verdict} |`
      }),
  ].join('\n')

/** The value below which this share of the values lies; undefined of none. */
export const quantile = (values: readonly number[], share: number): number | undefined => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}
