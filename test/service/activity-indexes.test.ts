// Reads of activity over some thousand entries use an index, sort nothing in memory, and read hardly more than they answer,
// by the database's own profile.
import type { Db } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import type { Activity } from '../../shared/events/activity-rules.ts'
import { expectBounded, profiled as profiledIn } from '../support/profile.ts'
import { ids } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

const ENTRIES = 3_000
const PAGE = 20
/** Entries that tell that a task was finished. */
const FINISHED = 30
const SERVICES = ['tasks', 'loops-queue'] as const

let env: TasksEnvironment
let ann: Caller
let task_id: string
let loop_id: string

/** Acts of a workspace; of so many, one is of the task and the loop of this test. */
const acts = (ws: string, share: number): Activity[] =>
  Array.from({ length: ENTRIES }, (_, n) => ({
    _id: ids.next(),
    ws,
    at: new Date(),
    type: 'task.updated',
    by: { user_id: ann.user_id, name: ann.user_name, client: ann.client_name },
    task_id: n % share === 0 ? task_id : ids.next(),
    loop_ids: [n % share === 0 ? loop_id : ids.next()],
    private: false,
    ...(n % share === 0 ? { agent: 'red' } : {}),
    ...(n < FINISHED ? { changes: [{ field: 'status', before: 'in_progress', after: 'shipped' }] } : {}),
    expires_at: new Date('2999-01-01'),
  }))

beforeAll(async () => {
  env = await openTasksEnvironment(1)
  ann = env.owner()
  loop_id = (await env.loopsOf(ann).create_loop({ name: 'Loop' })).loop.id
  task_id = (await env.tasksOf(ann).create_task({ title: 'Task', loop_id })).task.id
  for (const service of SERVICES) {
    const collection = env.database(service).collection<Activity>('activity')
    await collection.insertMany([...acts(ann.workspace_id, 10), ...acts(ids.next(), 10)])
  }
})
afterAll(() => env?.[Symbol.asyncDispose]())

type Profiled = Readonly<{ plan: string; sorted: boolean; keys: number; docs: number }>

/** What a database read of the activity during `work`. */
const profiled = async (db: Db, work: () => Promise<unknown>): Promise<Profiled[]> => {
  await db.command({ profile: 0 })
  await db.collection('system.profile').drop()
  await db.command({ profile: 2 })
  await work()
  await db.command({ profile: 0 })
  const reads = { ns: /\.activity$/, op: 'query' }
  const entries = await db.collection('system.profile').find(reads).toArray()
  return entries.map(({ planSummary, hasSortStage, keysExamined, docsExamined }) => ({
    plan: String(planSummary),
    sorted: hasSortStage === true,
    keys: Number(keysExamined),
    docs: Number(docsExamined),
  }))
}

const ASKED = [
  ['of_the_workspace', () => ({}), SERVICES],
  ['of_a_loop', () => ({ loop_id }), SERVICES],
  ['of_a_task', () => ({ task_id }), ['tasks']],
  ['of_the_workspace_since_a_moment', () => ({ since: '2000-01-01T00:00:00Z' }), SERVICES],
] as const
const CASES = ASKED.flatMap(([what, asked, services]) =>
  services.flatMap((service) => [
    [what, 'first', service, asked] as const,
    [what, 'later', service, asked] as const,
  ]),
)

test.each(CASES)('%s, %s page, in %s', async (_, page, service, asked) => {
  const first = await env.loopsOf(ann).get_activity({ ...asked(), limit: PAGE })
  const cursor = page === 'later' ? (first.next_cursor ?? '') : undefined
  let answered = 0
  const reads = await profiled(env.database(service), async () => {
    const input = { ...asked(), limit: PAGE, ...(cursor === undefined ? {} : { cursor }) }
    answered = (await env.loopsOf(ann).get_activity(input)).activity.length
  })
  expect(answered).toBe(PAGE)
  expect(reads.length).toBeGreaterThan(0)
  for (const { plan, sorted, keys, docs } of reads) {
    expect(plan).toMatch(/^IXSCAN/)
    expect(sorted).toBe(false)
    // One entry more than the page shows whether there is another.
    expect(keys).toBeLessThanOrEqual(PAGE + 2)
    expect(docs).toBeLessThanOrEqual(keys)
  }
})

const FILTERED = [
  ['of_a_person', () => ({ user_id: ann.user_id })],
  ['of_a_client', () => ({ client: ann.client_name })],
  ['of_an_agent', () => ({ agent: 'red' })],
  ['of_a_person_and_an_agent', () => ({ user_id: ann.user_id, agent: 'red' })],
  ['of_the_workspace_until_a_moment', () => ({ until: new Date().toISOString() })],
] as const

test.each(FILTERED)('%s, in both', async (_, asked) => {
  const whole = { workspace_id: ann.workspace_id, visible_private_loop_ids: null, limit: PAGE }
  const readers = {
    tasks: () => env.tasksOf(ann).list_activity({ ...whole, ...asked() }),
    'loops-queue': () => env.loopsOf(ann).list_loop_activity({ ...asked(), limit: PAGE }),
  }
  for (const service of SERVICES) {
    let answered = 0
    const commands = await profiledIn(env.database(service), ['activity'], async () => {
      answered = (await readers[service]()).entries.length
    })
    expect(answered).toBe(PAGE)
    const reads = commands.filter(({ op }) => op === 'query')
    expectBounded(reads, PAGE + 2)
  }
})

test('finished_tasks', async () => {
  const asked = { since: new Date(0).toISOString(), visible_private_loop_ids: null }
  let counted = 0
  const commands = await profiledIn(env.db, ['activity', 'tasks'], async () => {
    const { finished } = await env.tasksOf(ann).count_finished(asked)
    counted = finished.reduce((sum, { tasks }) => sum + tasks, 0)
  })
  expect(counted).toBe(1)
  expectBounded(
    commands.filter(({ op }) => op === 'query'),
    FINISHED + 1,
  )
})
