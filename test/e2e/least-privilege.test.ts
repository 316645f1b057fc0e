// The whole system with infra/nats.conf and the users of infra/mongo-init.js. Every service runs as its own user, with
// nothing that it does not need. Every tool is used, and no request is refused.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { serviceSecrets } from '../../infra/service-secrets.ts'
import { MIGRATOR, STARTABLE, startServices } from '../../services/start.ts'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import { eventClient } from '../support/event-client.ts'
import { poll } from '../support/event-world.ts'
import { startGuardedMongo } from '../support/guarded-mongo.ts'
import { type GuardedNats, startGuardedNats } from '../support/guarded-nats.ts'
import { TEST_SECRET } from '../support/keys.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { ensureMongosh } from '../support/mongosh.ts'
import { freshStack } from '../support/stack.ts'
import type { Mail } from '../support/system.ts'
import { TOOLS } from '../support/tools.ts'

const running = new AsyncDisposableStack()
let nats: GuardedNats
let url = ''
let person: Account
/** Each service has the keys that it needs and no others. */
const SECRETS = serviceSecrets(TEST_SECRET)
let agent: McpClient
const complaints: string[] = []
const mongosh = await ensureMongosh()
const MONGO_LIMIT_MS = 300_000

const startAs = async (service: string, mongodbUrl: string): Promise<void> => {
  const env = {
    NODE_ENV: 'test',
    LOG: 'warn',
    PORT: '0',
    NATS_URL: nats.urlOf(service),
    MONGODB_URL: mongodbUrl,
    ...(service === MIGRATOR ? {} : { SERVICE_SECRET: SECRETS[service] }),
  }
  const started = running.use(await startServices(env, { names: [service] }))
  url = started.url?.replace('127.0.0.1', 'localhost') ?? url
}

/** New servers with the users; where the shell that creates them is missing, MongoDB needs no login. */
const startMongo = async (): Promise<(service: string) => string> => {
  if ('missing' in mongosh) {
    const { mongodbUrl } = freshStack()
    return () => mongodbUrl
  }
  const mongo = running.use(await startGuardedMongo(mongosh))
  expect(await mongo.makeUsers()).toMatchObject({ code: 0 })
  return (service) => mongo.urlOf(service)
}

beforeAll(async () => {
  const write = process.stderr.write.bind(process.stderr)
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk, ...rest) => {
    if (/permissions? violation|not authorized/i.test(String(chunk))) complaints.push(String(chunk))
    return write(chunk, ...(rest as []))
  })
  nats = running.use(await startGuardedNats())
  const mongodbUrlOf = await startMongo()
  for (const service of STARTABLE) await startAs(service, mongodbUrlOf(service))
  person = await signUp({ url }, { name: 'Petra', workspace: 'Quarry' })
  agent = running.use(await agentOf({ url }, person))
}, MONGO_LIMIT_MS)
afterAll(async () => {
  await running.disposeAsync()
})

test('all_tools_work', async () => {
  const called = vi.spyOn(agent, 'call')
  const { workspace } = await agent.call('get_workspace', {})
  const first = (await agent.call('create_task', { title: 'First' })).task
  const second = (await agent.call('create_task', { title: 'Second' })).task
  const { loop } = await agent.call('create_loop_from_tasks', {
    loop_name: 'Granite',
    task_ids: [first.id, second.id],
    visibility: 'private',
  })
  const other = (await agent.call('create_loop', { name: 'Slate' })).loop
  await agent.call('create_tasks', {
    tasks: [{ title: 'Third' }],
    loop_id: other.id,
    idempotency_key: 'third',
  })
  await agent.call('add_comment', { loop_id: loop.id, text: 'Hard.' })
  await agent.call('add_comment', { task_id: first.id, text: 'Harder.' })
  await agent.call('update_task', { task_id: first.id, status: 'approved' })
  await agent.call('bulk_update_tasks', { task_ids: [second.id], loop_id: null })
  expect((await agent.call('list_tasks', { scope: 'all' })).total).toBe(3)
  expect((await agent.call('get_task', { task_id: first.id })).loop?.id).toBe(loop.id)
  expect((await agent.call('get_loop', { loop_id: loop.id })).comments).toHaveLength(1)
  await vi.waitFor(async () =>
    expect((await agent.call('search', { query: 'harder' })).found).toMatchObject([{ task_id: first.id }]),
  )
  expect((await agent.call('list_loops', {})).total).toBe(2)
  expect((await agent.call('get_loop_queue', {})).total).toBe(2)
  expect((await agent.call('set_loop_priority', { loop_id: other.id, priority: 0 })).changed).toBe(true)
  expect((await agent.call('reorder_loops', { loop_ids: [loop.id] })).changed).toBe(true)
  const work = await agent.call('get_next_work', {})
  expect(work).toMatchObject({ loop: { id: loop.id }, workspace: { name: workspace.name } })
  expect((await agent.call('get_activity', { loop_id: loop.id })).next_cursor).toBeNull()
  expect((await agent.call('get_queue_stats', {})).loops_with_work_ready).toBe(1)
  expect((await agent.call('update_loop', { loop_id: other.id, name: 'Slates' })).changed).toBe(true)
  expect((await agent.call('close_loop', { loop_id: other.id })).changed).toBe(true)
  expect((await agent.call('reopen_loop', { loop_id: other.id })).changed).toBe(true)
  const { claims } = await agent.call('claim_next_work', {})
  const task_id = claims[0]?.task.id ?? ''
  expect((await agent.call('renew_claims', { progress: 'Half.' })).claims).toMatchObject([{ held: true }])
  expect((await agent.call('release_claims', { note: 'Later.' })).released).toMatchObject([{ ok: true }])
  const { claim } = await agent.call('claim_task', { task_id })
  const asked = { task_id, claim_id: claim.claim_id, outcome: 'Done.' }
  expect((await agent.call('complete_task', asked)).changed).toBe(true)
  expect((await agent.call('delete_task', { task_id: second.id })).deleted).toBe(true)
  expect((await agent.call('ship_loop', { loop_id: loop.id })).already_shipped).toBe(false)
  expect((await agent.call('get_workflow', { workflow: 'manage' })).workflow).toBe('manage')
  const names: readonly string[] = called.mock.calls.map(([name]) => name)
  expect(
    TOOLS.map(({ name }) => name).filter((name) => !names.includes(name)),
    'call these too, in test/e2e/least-privilege.test.ts, so that what they need is known to be granted',
  ).toEqual([])
})

test('events_are_streamed_and_polled', async () => {
  const client = eventClient(url, agent.accessToken)
  await using stream = await client.stream({ name: 'work.ready', cursor: null })
  const [active] = await stream.next('active')
  const { loop } = await agent.call('create_loop', { name: 'Basalt' })
  const { task } = await agent.call('create_task', { title: 'Fourth', loop_id: loop.id })
  await agent.call('update_task', { task_id: task.id, status: 'approved' })
  const [event] = await stream.next('event')
  expect(event?.params.data).toMatchObject({ task_id: task.id })
  const page = await poll(client, { name: 'work.ready', cursor: active?.params.cursor })
  expect(page.events).toMatchObject([{ eventId: event?.params.eventId }])
  await agent.call('close_loop', { loop_id: loop.id })
  await agent.call('reopen_loop', { loop_id: loop.id })
  expect((await stream.next('event', 2))[1]?.params.data).toEqual({ loop_id: loop.id })
})

test('mail_arrives', async () => {
  await vi.waitFor(
    async () => {
      const mails = (await (await fetch(`${url}/dev/mail.json`)).json()) as readonly Mail[]
      expect(mails.map(({ to, subject }) => [to, subject])).toEqual([
        [person.email, expect.stringContaining('Granite')],
        [person.email, expect.stringContaining('app was connected')],
      ])
    },
    { timeout: 20_000, interval: 100 },
  )
})

test(`nothing_was_refused${'missing' in mongosh ? `, but by NATS alone: ${mongosh.missing}` : ''}`, () => {
  expect(complaints).toEqual([])
})
