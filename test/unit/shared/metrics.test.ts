// Metrics: what is declared, what a page of them says, and that labels cannot grow without bound.
import { describe, expect, test } from 'vitest'
import { noMetrics, openMetrics } from '../../../shared/process/metrics.ts'
import { ageSeconds, type Declared, LABELS, METRICS } from '../../../shared/process/metrics-table.ts'

const declared = Object.entries<Declared>(METRICS)

describe('every metric', () => {
  test.each(declared)('%s_is_named_as_prometheus_recommends', (name, { type, help, labels }) => {
    // https://prometheus.io/docs/practices/naming/
    expect(name).toMatch(/^[a-z][a-z0-9_]*[a-z0-9]$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    if (type === 'histogram') expect(name).toMatch(/_seconds$/)
    expect(help).toMatch(/^[A-Z0-9].*[.]$/)
    expect(new Set(labels).size).toBe(labels.length)
  })

  test('has_labels_that_say_where_their_values_come_from', () => {
    const used = new Set(declared.flatMap(([, { labels }]) => labels))
    expect([...used].toSorted()).toEqual(Object.keys(LABELS).toSorted())
    expect([...used].filter((label) => /(^|_)id$|user|workspace|address|url/.test(label))).toEqual([])
  })

  test('that_is_a_histogram_has_bounds_that_grow', () => {
    for (const [name, { type, buckets = [] }] of declared) {
      expect(buckets.length > 0, name).toBe(type === 'histogram')
      expect(buckets, name).toEqual(buckets.toSorted((a, b) => a - b))
    }
  })
})

describe('a page', () => {
  test('has_what_was_counted_and_how_long_it_took', async () => {
    const metrics = await openMetrics()
    metrics.count('loops_mail_tries_total', { outcome: 'sent' })
    metrics.count('loops_mail_tries_total', { outcome: 'sent' }, 2)
    metrics.observe('loops_mail_send_duration_seconds', {}, 0.2)
    const { type, text } = await metrics.page()
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(text).toContain('loops_mail_tries_total{outcome="sent"} 3\n')
    expect(text).toContain('loops_mail_send_duration_seconds_bucket{le="0.1"} 0\n')
    expect(text).toContain('loops_mail_send_duration_seconds_bucket{le="0.25"} 1\n')
    expect(text).toContain('loops_mail_send_duration_seconds_count 1\n')
  })

  test('names_every_metric_that_is_declared', async () => {
    const { text } = await (await openMetrics()).page()
    for (const [name, { type, help }] of declared) {
      expect(text).toContain(`# HELP ${name} ${help}\n`)
      expect(text).toContain(`# TYPE ${name} ${type}\n`)
    }
  })

  test('has_gauges_as_they_are_when_it_is_read', async () => {
    const metrics = await openMetrics()
    let lag = 3
    using _ = metrics.gauges(() => [{ name: 'loops_consumer_lag', labels: { service: 'tasks' }, value: lag }])
    expect((await metrics.page()).text).toContain('loops_consumer_lag{service="tasks"} 3\n')
    lag = 5
    expect((await metrics.page()).text).toContain('loops_consumer_lag{service="tasks"} 5\n')
  })

  test('forgets_a_gauge_that_nobody_reports_any_more', async () => {
    const metrics = await openMetrics()
    const reporting = metrics.gauges(() => [
      { name: 'loops_consumer_lag', labels: { service: 'tasks' }, value: 3 },
    ])
    expect((await metrics.page()).text).toContain('loops_consumer_lag{')
    reporting[Symbol.dispose]()
    expect((await metrics.page()).text).not.toContain('loops_consumer_lag{')
  })

  test('has_no_gauge_that_this_process_knows_nothing_of', async () => {
    const metrics = await openMetrics()
    expect((await metrics.page()).text).not.toMatch(/^loops_ready_tasks /m)
    using _ = metrics.gauges(() => [{ name: 'loops_ready_tasks', labels: {}, value: 0 }])
    expect((await metrics.page()).text).toContain('loops_ready_tasks 0\n')
  })

  test('drops_and_counts_series_beyond_the_bound', async () => {
    const metrics = await openMetrics(2)
    for (const reason of ['busy', 'late', 'forged', 'late'])
      metrics.count('loops_bus_refused_total', { service: 'tasks', reason })
    const { text } = await metrics.page()
    expect(text).toContain('loops_bus_refused_total{service="tasks",reason="late"} 2\n')
    expect(text).not.toContain('reason="forged"')
    expect(text).toContain('loops_metrics_dropped_total{metric="loops_bus_refused_total"} 1\n')
  })
})

test('without_a_port_nothing_is_measured', () => {
  expect(noMetrics.on).toBe(false)
  using reading = noMetrics.gauges(() => {
    throw new Error('nobody asks')
  })
  expect(noMetrics.count('loops_claims_begun_total', {})).toBeUndefined()
  expect(reading).toBeDefined()
})

test('an_age_is_never_negative_and_nothing_has_none', () => {
  const now = new Date('2026-03-04T05:06:07Z')
  expect(ageSeconds(new Date('2026-03-04T05:05:07Z'), now)).toBe(60)
  expect(ageSeconds(new Date('2026-03-04T05:06:08Z'), now)).toBe(0)
  expect([ageSeconds(undefined, now), ageSeconds(null, now)]).toEqual([0, 0])
})
