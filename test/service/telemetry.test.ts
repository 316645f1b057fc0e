// The port of a process for its metrics and probes: what it answers, and what a port in use says.
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../shared/process/clock.ts'
import { openTelemetry, type TelemetryConfig } from '../../shared/process/telemetry.ts'
import { freePort } from '../support/free-port.ts'

let running: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of running) await one[Symbol.asyncDispose]()
  running = []
})

const FINE = { waiting_for: [], degraded: [] }
const open = async (given: Partial<TelemetryConfig>) => {
  const config = { METRICS_PORT: undefined, METRICS_HOST: '127.0.0.1', HEALTH_PORT: undefined, ...given }
  const telemetry = await openTelemetry(config, ['tasks'], systemClock)
  running.push(telemetry)
  return telemetry
}
const get = (port: number, path: string, method = 'GET') =>
  fetch(`http://127.0.0.1:${port}${path}`, { method })
const statusesOf = async (port: number, ...paths: readonly string[]) =>
  await Promise.all(paths.map(async (path) => (await get(port, path)).status))

describe('METRICS_PORT', () => {
  test('answers_metrics_and_probes_and_nothing_else', async () => {
    const port = await freePort()
    const { probes } = await open({ METRICS_PORT: port })
    expect(await statusesOf(port, '/livez', '/readyz', '/metrics', '/')).toEqual([200, 503, 200, 404])
    probes.open('tasks').started(async () => FINE)
    const ready = await get(port, '/readyz')
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ok' }])
    expect((await get(port, '/metrics', 'POST')).status).toBe(405)
    expect((await get(port, '/metrics?now=1', 'HEAD')).status).toBe(200)
  })

  test('reports_the_process_and_what_was_counted', async () => {
    const port = await freePort()
    const { metrics } = await open({ METRICS_PORT: port })
    metrics.count('loops_claims_begun_total', {})
    const page = await get(port, '/metrics')
    const text = await page.text()
    expect(page.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(text).toContain('loops_claims_begun_total 1\n')
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]\d*$/m)
    expect(text).toMatch(/^process_cpu_seconds_total \d/m)
    expect(text).toMatch(/^loops_event_loop_delay_seconds\{quantile="0\.99"\} \d/m)
  })

  test('in_use_is_reported_in_one_sentence', async () => {
    const port = await freePort()
    await open({ METRICS_PORT: port })
    await expect(open({ METRICS_PORT: port })).rejects.toThrow(
      `METRICS_PORT ${port} cannot be listened on: choose another port.`,
    )
  })

  test('on_an_address_of_another_machine_is_reported_in_one_sentence', async () => {
    const port = await freePort()
    // RFC 5737: nobody has this address.
    await expect(open({ METRICS_PORT: port, METRICS_HOST: '192.0.2.1' })).rejects.toThrow(
      'METRICS_HOST 192.0.2.1 is no address of this machine: choose one that is, or 0.0.0.0 for all.',
    )
  })
})

describe('HEALTH_PORT', () => {
  test('has_the_probes_alone', async () => {
    const port = await freePort()
    const { probes, metrics } = await open({ HEALTH_PORT: port })
    probes.open('tasks').started(async () => FINE)
    expect(await statusesOf(port, '/livez', '/readyz', '/metrics')).toEqual([200, 200, 404])
    expect(metrics.on).toBe(false)
  })

  test('in_use_is_reported_in_one_sentence', async () => {
    const port = await freePort()
    await open({ HEALTH_PORT: port })
    await expect(open({ HEALTH_PORT: port })).rejects.toThrow(
      `HEALTH_PORT ${port} cannot be listened on: choose another port.`,
    )
  })
})

test('without_a_port_nobody_listens_and_nothing_is_measured', async () => {
  const { metrics, probes } = await open({})
  expect(metrics.on).toBe(false)
  using probe = probes.open('tasks')
  probe.waitFor('nothing')
})
