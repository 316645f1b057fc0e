// What a process tells about itself: its metrics and whether it is ready, on a port of its own. One for all services in it.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Clock, systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { type Metrics, noMetrics, openMetrics } from './metrics.ts'
import type { Sample } from './metrics-table.ts'
import { startProbes } from './probes.ts'
import { openProbes, type Probes } from './readiness.ts'

/** What services tell through. */
export type Telemetry = Readonly<{ metrics: Metrics; probes: Pick<Probes, 'open'> }>

const nothing = (): void => undefined

/** Tells nobody anything. */
export const noTelemetry: Telemetry = {
  metrics: noMetrics,
  probes: { open: () => ({ waitFor: nothing, started: nothing, [Symbol.dispose]: nothing }) },
}

/** How often the delay of the event loop is measured (ms). */
const DELAY_EVERY_MS = 20
const NANOSECONDS = 1e9
const QUANTILES = ['0.5', '0.99', '1'] as const

type Delays = ReturnType<typeof monitorEventLoopDelay>

const delaysOf = (delays: Delays): Sample[] =>
  QUANTILES.map((quantile) => {
    const late_ns = quantile === '1' ? delays.max : delays.percentile(Number(quantile) * 100)
    // Each measurement includes its own interval. Without one yet, the longest is 0 and a percentile may be 0 too.
    const value = Math.max(0, late_ns / NANOSECONDS - DELAY_EVERY_MS / 1_000)
    return { name: 'loops_event_loop_delay_seconds' as const, labels: { quantile }, value }
  })

/** Measures the process itself. */
const measureProcess = (metrics: Metrics): Disposable => {
  const delays = monitorEventLoopDelay({ resolution: DELAY_EVERY_MS })
  delays.enable()
  let cpu_us = 0
  const reading = metrics.gauges(() => {
    const { user, system } = process.cpuUsage()
    metrics.count('process_cpu_seconds_total', {}, (user + system - cpu_us) / 1e6)
    cpu_us = user + system
    const { rss, heapUsed } = process.memoryUsage()
    const late = delaysOf(delays)
    delays.reset()
    return [
      ...late,
      { name: 'process_resident_memory_bytes', labels: {}, value: rss },
      { name: 'nodejs_heap_size_used_bytes', labels: {}, value: heapUsed },
    ]
  })
  return {
    [Symbol.dispose]: () => {
      reading[Symbol.dispose]()
      delays.disable()
    },
  }
}

const measureReadiness = (metrics: Metrics, probes: Probes): Disposable =>
  metrics.gauges(() => {
    // Not awaited: a scrape waits for nobody, and shows what was read for the one before.
    void probes.read()
    return [...probes.known()].map(([service, { waiting_for }]) => ({
      name: 'loops_ready',
      labels: { service },
      value: waiting_for.length === 0 ? 1 : 0,
    }))
  })

/** Where the process listens: METRICS_PORT for everything, HEALTH_PORT for the probes alone, on this machine. */
export type TelemetryConfig = Pick<Config, 'METRICS_PORT' | 'METRICS_HOST' | 'HEALTH_PORT'>

/**
 * Starts the telemetry of a process. Without METRICS_PORT nothing is measured.
 * @param services that are to start in this process.
 * @throws Error with one sentence when it cannot listen.
 */
export const openTelemetry = async (
  { METRICS_PORT, METRICS_HOST, HEALTH_PORT }: TelemetryConfig,
  services: readonly string[],
  clock: Clock = systemClock,
): Promise<Telemetry & AsyncDisposable> => {
  const stack = new AsyncDisposableStack()
  const dispose = () => stack.disposeAsync()
  if (METRICS_PORT === undefined && HEALTH_PORT === undefined)
    return { ...noTelemetry, [Symbol.asyncDispose]: dispose }
  try {
    const probes = openProbes(services, clock)
    if (HEALTH_PORT !== undefined) {
      const where = { variable: 'HEALTH_PORT', port: HEALTH_PORT, host: '127.0.0.1' }
      stack.use(await startProbes(where, { readiness: probes }))
    }
    if (METRICS_PORT === undefined) return { metrics: noMetrics, probes, [Symbol.asyncDispose]: dispose }
    const metrics = await openMetrics()
    stack.use(measureProcess(metrics))
    stack.use(measureReadiness(metrics, probes))
    const place = { host: METRICS_HOST, host_variable: 'METRICS_HOST' }
    const where = { variable: 'METRICS_PORT', port: METRICS_PORT, ...place }
    stack.use(await startProbes(where, { readiness: probes, page: metrics.page }))
    return { metrics, probes, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}
