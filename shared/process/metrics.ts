// Measures what metrics-table.ts declares, and writes it in the format of Prometheus. Its package is loaded only when somebody
// wants the metrics.
import type { Counter, Gauge, Histogram } from 'prom-client'
import {
  type CounterName,
  type HistogramName,
  type LabelsOf,
  METRICS,
  type MetricName,
  type Sample,
} from './metrics-table.ts'

/** The most series of one metric: the operations of all services with a few outcomes each are some hundred. */
const MAX_SERIES = 2_000

/** What a process measures. */
export type Metrics = Readonly<{
  /** Whether anybody wants to know: what costs time or memory to measure asks first. */
  on: boolean
  /** Adds to a counter. @param by 1 when absent. */
  count: <N extends CounterName>(name: N, labels: LabelsOf<N>, by?: number) => void
  /** Adds a duration (s) to a histogram. */
  observe: <N extends HistogramName>(name: N, labels: LabelsOf<N>, seconds: number) => void
  /** Has `read` called at each scrape, for the gauges that it knows. It must not wait. @returns disposing ends that. */
  gauges: (read: () => readonly Sample[]) => Disposable
}>

/** The metrics as a page. */
export type Page = Readonly<{ type: string; text: string }>
export type OpenMetrics = Metrics & Readonly<{ page: () => Promise<Page> }>

const nothing = (): void => undefined

/** Measures nothing. */
export const noMetrics: Metrics = {
  on: false,
  count: nothing,
  observe: nothing,
  gauges: () => ({ [Symbol.dispose]: nothing }),
}

/** Refuses a new series of a metric that has enough of them. */
const bounding = (max: number, dropped: (name: MetricName) => void) => {
  const seen = new Map<MetricName, Set<string>>()
  return (name: MetricName, labels: Readonly<Record<string, string>>): boolean => {
    const known = seen.get(name) ?? new Set<string>()
    const key = Object.values(labels).join('\n')
    if (known.has(key)) return true
    if (known.size >= max) {
      dropped(name)
      return false
    }
    seen.set(name, known.add(key))
    return true
  }
}

/**
 * Starts to measure.
 * @param max_series the most series of one metric; what is more is dropped, and counted as such.
 */
export const openMetrics = async (max_series = MAX_SERIES): Promise<OpenMetrics> => {
  const prom = await import('prom-client')
  const registry = new prom.Registry()
  const counters = new Map<string, Counter>()
  const histograms = new Map<string, Histogram>()
  const gauges = new Map<string, Gauge>()
  for (const [name, declared] of Object.entries(METRICS)) {
    const options = { name, help: declared.help, labelNames: [...declared.labels], registers: [registry] }
    if (declared.type === 'counter') counters.set(name, new prom.Counter(options))
    else if (declared.type === 'gauge') gauges.set(name, new prom.Gauge(options))
    else histograms.set(name, new prom.Histogram({ ...options, buckets: [...declared.buckets] }))
  }
  const fits = bounding(max_series, (metric) => counters.get('loops_metrics_dropped_total')?.inc({ metric }))
  const readers = new Set<() => readonly Sample[]>()
  const readGauges = (): void => {
    for (const gauge of gauges.values()) {
      gauge.reset()
      // A reset gauge without labels is 0; but what nobody here knows is not to be reported.
      gauge.remove({})
    }
    for (const read of readers)
      for (const { name, labels, value } of read()) gauges.get(name)?.set({ ...labels }, value)
  }
  return {
    on: true,
    count: (name, labels, by = 1) => {
      if (fits(name, labels)) counters.get(name)?.inc({ ...labels }, by)
    },
    observe: (name, labels, seconds) => {
      if (fits(name, labels)) histograms.get(name)?.observe({ ...labels }, seconds)
    },
    gauges: (read) => {
      readers.add(read)
      return { [Symbol.dispose]: () => void readers.delete(read) }
    },
    page: async () => {
      readGauges()
      return { type: registry.contentType, text: await registry.metrics() }
    },
  }
}
