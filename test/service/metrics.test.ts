// What real services report: requests, events, mails and claims that happened, and what is in their databases, once.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MIGRATOR, type Started, startServices } from '../../services/start.ts'
import { METRICS } from '../../shared/process/metrics-table.ts'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { TEST_SECRET } from '../support/keys.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

/** The figures are read every 15 s, by one of the replicas. */
const WAIT = { timeout: 60_000, interval: 250 } as const

const GUEST = 'guest@example.com'

let port: number
let second: number
let system: System
let replica: Started
let owner: Account
let agent: McpClient
let task_id: string

const pageOf = async (at: number): Promise<string> => (await fetch(`http://127.0.0.1:${at}/metrics`)).text()
/** The value of a series; undefined: it is not there. */
const seriesOf = async (series: string, at = port): Promise<number | undefined> => {
  const line = (await pageOf(at)).split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

beforeAll(async () => {
  port = await freePort()
  second = await freePort()
  system = await startSystem({ env: { METRICS_PORT: String(port) } })
  owner = await signUp(system, { name: 'Olga' })
  await owner.browser.submit('/workspace/invite', { email: GUEST, role: 'member' })
  await system.mailTo(GUEST)
  agent = await agentOf(system, owner)
  const { loop } = await agent.call('create_loop', { name: 'Berths' })
  const filed = await agent.call('create_task', { title: 'Paint the pier', loop_id: loop.id })
  task_id = filed.task.id
  await agent.call('update_task', { task_id, status: 'approved' })
  const env = {
    NATS_URL: system.stack.natsUrl,
    MONGODB_URL: system.stack.mongodbUrl,
    LOOPS_SECRET: TEST_SECRET,
    NODE_ENV: 'test',
    LOG: 'warn',
    METRICS_PORT: String(second),
  }
  replica = await startServices(env, { names: ['tasks'] })
})
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await replica?.[Symbol.asyncDispose]()
  await system?.stop()
})

test('every_service_of_the_process_is_ready', async () => {
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`)
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ok' }])
  for (const service of [MIGRATOR, 'gateway', 'tasks', 'loops-queue', 'notifier', 'webhooks'])
    await expect.poll(() => seriesOf(`loops_ready{service="${service}"}`), WAIT).toBe(1)
})

describe('what happens', () => {
  test('is_counted_at_each_seam', async () => {
    const page = await pageOf(port)
    for (const series of [
      'mcp_server_operation_duration_seconds_count{mcp_method_name="tools/call",gen_ai_tool_name="create_task",error_type=""}',
      'loops_bus_request_duration_seconds_count{service="tasks",operation="create_task",outcome="ok"}',
      'loops_bus_call_duration_seconds_count{service="gateway",asked="tasks",outcome="ok"}',
      'loops_mongodb_command_duration_seconds_count{service="tasks"}',
      'loops_outbox_published_total{service="tasks",outcome="ok"}',
      'loops_consumer_events_total{service="notifier",outcome="done"}',
      'loops_mail_tries_total{outcome="sent"}',
    ])
      expect(page).toMatch(new RegExp(`^${series.replaceAll(/[{}/]/g, '\\$&')} [1-9]`, 'm'))
  })

  test('a_refused_call_is_counted_by_its_code', async () => {
    const refused = agent.call('get_task', { task_id: '01JD3Z00000000000000000001' })
    await expect(refused).rejects.toMatchObject({ code: 'not_found' })
    const labels = 'mcp_method_name="tools/call",gen_ai_tool_name="get_task",error_type="not_found"'
    expect(await seriesOf(`mcp_server_operation_duration_seconds_count{${labels}}`)).toBe(1)
  })

  test('claims_are_counted_when_they_begin_and_end', async () => {
    await agent.call('claim_task', { task_id })
    await agent.call('release_claims', { task_ids: [task_id] })
    const both = async (series: string) =>
      ((await seriesOf(series)) ?? 0) + ((await seriesOf(series, second)) ?? 0)
    expect(await both('loops_claims_begun_total')).toBe(1)
    expect(await both('loops_claims_ended_total{reason="released"}')).toBe(1)
  })
})

describe('what is in the database', () => {
  test('is_reported_by_one_of_two_replicas', async () => {
    await expect.poll(() => seriesOf('loops_ready_tasks'), WAIT).toBe(1)
    expect(await seriesOf('loops_ready_tasks', second)).toBeUndefined()
    expect(await seriesOf('loops_ready_tasks_oldest_age_seconds')).toBeGreaterThan(0)
  })

  test('is_reported_by_the_other_once_the_one_is_gone', async () => {
    await system.stop()
    await expect
      .poll(() => seriesOf('loops_outbox_documents{service="tasks",collection="tasks"}', second), WAIT)
      .toBe(0)
    expect(await seriesOf('loops_ready_tasks', second)).toBe(1)
    expect(await seriesOf('loops_dead_letters{service="tasks"}', second)).toBe(0)
    await expect.poll(() => seriesOf('loops_consumer_lag{service="tasks"}', second), WAIT).toBe(0)
  })
})

test('no_label_holds_an_id_or_an_address', async () => {
  const page = await pageOf(second)
  expect(page).not.toMatch(/\b[0-9A-HJKMNP-TV-Z]{26}\b/)
  expect(page).not.toContain(owner.email)
  const names = [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
  expect(names.toSorted()).toEqual(Object.keys(METRICS).toSorted())
})
