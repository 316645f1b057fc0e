// The rules by which a cluster judges the services: the numbers are read from the chart, the only place that has them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One probe: it asks `path` every `period_ms`, and has failed after `failures` answers in a row that were late or no success. */
export type ProbeRule = Readonly<{ path: string; period_ms: number; timeout_ms: number; failures: number }>
/** The probes of a service; `grace_ms` is how long it may take to end before it is killed. */
export type ProbeRules = Readonly<{
  startup: ProbeRule
  liveness: ProbeRule
  readiness: ProbeRule
  grace_ms: number
}>

const CHART = join(import.meta.dirname, '../../infra/chart')
const GRACE = /^terminationGracePeriodSeconds: (\d+)$/m

const ruleIn = (template: string, name: keyof ProbeRules): ProbeRule => {
  const [, path = '', ...numbers] =
    new RegExp(
      `${name}Probe:\\n.*"(/\\w+)".*\\n\\s*periodSeconds: (\\d+)\\n\\s*timeoutSeconds: (\\d+)\\n\\s*failureThreshold: (\\d+)\\n`,
    ).exec(template) ?? []
  const [period_s, timeout_s, failures] = numbers.map(Number)
  if (!period_s || !timeout_s || !failures)
    throw new Error(`The chart has no ${name}Probe of the form known.`)
  return { path, period_ms: period_s * 1_000, timeout_ms: timeout_s * 1_000, failures }
}

/**
 * Reads the rules of the chart.
 * @param faster divides every time, for tests that must not take minutes.
 */
export const chartProbes = (faster = 1): ProbeRules => {
  const template = readFileSync(join(CHART, 'templates/deployments.yaml'), 'utf8')
  const grace_s = Number(GRACE.exec(readFileSync(join(CHART, 'values.yaml'), 'utf8'))?.[1])
  if (!grace_s) throw new Error('The chart says nothing of terminationGracePeriodSeconds.')
  const hastened = (name: 'startup' | 'liveness' | 'readiness'): ProbeRule => {
    const { path, period_ms, timeout_ms, failures } = ruleIn(template, name)
    return { path, period_ms: period_ms / faster, timeout_ms: timeout_ms / faster, failures }
  }
  return {
    startup: hastened('startup'),
    liveness: hastened('liveness'),
    readiness: hastened('readiness'),
    grace_ms: (grace_s * 1_000) / faster,
  }
}
