// The dashboard and the alerts: each expression is PromQL, every metric and label in them exists, and every alert has its
// section in the runbook.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Declared, METRICS } from '../../../shared/process/metrics-table.ts'

const INFRA = join(import.meta.dirname, '../../../infra')
const read = (path: string): string => readFileSync(join(INFRA, path), 'utf8')

type Alert = Readonly<{
  alert: string
  expr: string
  labels: Readonly<{ severity: string }>
  annotations: Readonly<{ summary: string; cause: string; runbook_url: string }>
}>
type Panel = Readonly<{
  title: string
  type: string
  targets?: readonly Readonly<{ expr: string }>[]
  gridPos: Readonly<{ x: number; w: number }>
}>

const alerts = (parse(read('observability/alerts.yaml')) as { groups: { rules: Alert[] }[] }).groups.flatMap(
  ({ rules }) => rules,
)
const { panels } = JSON.parse(read('observability/dashboard.json')) as { panels: readonly Panel[] }
const shown = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const))
const table: Readonly<Record<string, Declared>> = METRICS
/** What Prometheus adds to the labels of a process. */
const ADDED = ['le', 'instance', 'job']

/** The declared metric that a name in an expression is of; a histogram has three series. */
const metricOf = (name: string): string | undefined => {
  if (table[name] && table[name].type !== 'histogram') return name
  const histogram = /^(.*)_(bucket|sum|count)$/.exec(name)?.[1] ?? ''
  return table[histogram]?.type === 'histogram' ? histogram : undefined
}

/** The names of metrics in an expression: what has a selector or range behind it, or looks like one of ours. */
const namesIn = (expr: string): string[] => {
  const bare = expr.replaceAll(/"[^"]*"/g, '""')
  const found = bare.matchAll(
    /\b([a-z][a-z0-9_]*)(?=[{[])|\b((?:loops|mcp_server|process|nodejs)_[a-z0-9_]+)/g,
  )
  return [...found].map(([, selected, ours]) => selected ?? ours ?? '')
}

/** The labels that an expression selects or groups by. */
const labelsIn = (expr: string): string[] => [
  ...[...expr.matchAll(/[{,]\s*([a-z_]+)\s*(?:=|!=|=~|!~)\s*"/g)].map(([, label]) => label ?? ''),
  ...[...expr.matchAll(/\b(?:by|on|without)\s*\(([^)]*)\)/g)].flatMap(([, list]) =>
    (list ?? '').split(',').map((label) => label.trim()),
  ),
]

/** What Grafana puts in by itself, as it might. */
const asGrafana = (expr: string): string => expr.replaceAll('$__rate_interval', '1m')

/** Where an expression is not PromQL, by the grammar that the pages of Prometheus use. */
const syntaxFaults = (expr: string): string[] => {
  const faults: string[] = []
  const text = asGrafana(expr)
  parser.parse(text).iterate({
    enter: ({ type, from }) => {
      if (type.isError) faults.push(`is not PromQL at “${text.slice(from, from + 20)}”`)
    },
  })
  return faults
}

const faultsOf = (expr: string): string[] => {
  const names = namesIn(expr)
  const metrics = names.map(metricOf)
  const labels = new Set([...ADDED, '', ...metrics.flatMap((name) => table[name ?? '']?.labels ?? [])])
  return [
    ...syntaxFaults(expr),
    ...(names.length === 0 ? ['asks for no metric'] : []),
    ...names.filter((name) => metricOf(name) === undefined).map((name) => `there is no metric ${name}`),
    ...labelsIn(expr)
      .filter((label) => !labels.has(label))
      .map((label) => `there is no label ${label}`),
  ]
}

test('what_is_not_promql_is_found', () => {
  expect(faultsOf('sum(rate(loops_claims_begun_total[5x]))')).toHaveLength(1)
  expect(faultsOf('max by (service) (loops_ready')).toHaveLength(1)
  expect(faultsOf('loops_ready === 0')).not.toEqual([])
})

test('a_name_that_does_not_exist_is_found', () => {
  expect(faultsOf('max(loops_gone) > 0')).toEqual(['there is no metric loops_gone'])
  expect(faultsOf('sum(rate(http_requests_total[5m]))')).toEqual(['there is no metric http_requests_total'])
  expect(faultsOf('max by (colour) (loops_ready)')).toEqual(['there is no label colour'])
  expect(faultsOf('loops_ready{service="tasks", colour="red"}')).toEqual(['there is no label colour'])
  expect(faultsOf('rate(loops_mail_send_duration_seconds[5m])')).toHaveLength(1)
  expect(faultsOf('rate(loops_mail_send_duration_seconds_sum[5m])')).toEqual([])
})

describe('alerts', () => {
  test.each(alerts.map((alert) => [alert.alert, alert] as const))(
    '%s',
    (name, { expr, labels, annotations }) => {
      expect(faultsOf(expr)).toEqual([])
      expect(name).toMatch(/^Loops[A-Z]\w+$/)
      expect(['critical', 'warning', 'info']).toContain(labels.severity)
      expect(annotations.cause).toMatch(/^[A-Z].*\.$/)
      expect(annotations.summary).toMatch(/\S/)
      expect(annotations.runbook_url).toBe(`infra/docs/runbook.md#${name.toLowerCase()}`)
    },
  )

  test('have_a_section_each_in_the_runbook_and_it_has_no_other', () => {
    const sections = [...read('docs/runbook.md').matchAll(/^## (Loops\w+)$/gm)].map(([, name]) => name)
    expect(sections).toEqual(alerts.map(({ alert }) => alert))
  })

  test('are_read_from_one_replica_by_the_greatest_value', () => {
    // A sum would count a figure twice while one replica takes over from another.
    const summed = alerts.filter(({ expr }) =>
      Object.entries(table).some(
        ([name, { sampled }]) => sampled && new RegExp(`sum[^(]*\\(${name}`).test(expr),
      ),
    )
    expect(summed).toEqual([])
  })
})

describe('the dashboard', () => {
  test.each(shown)('%s: %s', (_, expr) => {
    expect(faultsOf(expr)).toEqual([])
  })

  test('shows_every_metric', () => {
    const names = new Set(shown.flatMap(([, expr]) => namesIn(expr).map(metricOf)))
    expect(Object.keys(METRICS).filter((name) => !names.has(name))).toEqual([])
  })

  test('has_a_title_on_each_panel_and_none_beyond_its_edge', () => {
    for (const { title, gridPos } of panels) {
      expect(title).toMatch(/\S/)
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
    }
  })
})
