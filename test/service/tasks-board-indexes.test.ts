// What the pages ask about tasks uses an index over some thousand of them: nothing is sorted in memory, and hardly more is
// read than answered, by the database's own profile.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTask, editTask } from '../../services/tasks/task-rules.ts'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { locationIn, NOWHERE } from '../../services/tasks/visibility-rules.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { expectBounded, profiled } from '../support/profile.ts'
import { ids } from '../support/service-environment.ts'
import { EVERY_KIND, openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

const TASKS = 6_000
const LOOPS = 50
const CLAIMED = 20

let env: TasksEnvironment
let ann: Caller
let ws: string
let loops: string[]

const actor = { user_id: ids.next(), name: 'Ann', client: 'Test' }
const holder = { actor, grant_id: ids.next(), agent: null }

/** A task of a loop or of none, of every kind in turn; some of those in progress are claimed. */
const stored = (workspace: string, n: number): TaskDoc => {
  const id = loops[n % (LOOPS + 1)]
  const { status, priority } = EVERY_KIND[Math.floor(n / (LOOPS + 1)) % EVERY_KIND.length] ?? {
    status: 'open',
    priority: 'none',
  }
  const { next } = createTask({
    id: ids.next(),
    ws: workspace,
    title: `Task ${n}`,
    body: 'x'.repeat(500),
    priority,
    due_date: null,
    location: id ? locationIn({ id, visibility: n % 2 === 0 ? 'private' : 'public' }) : NOWHERE,
    by: actor,
    now: new Date(n),
  })
  const edited = editTask({ ...next, v: 1 }, {}, { actor, may_approve: true }, new Date(n))
  return { ...(edited?.next ?? next), status, v: 1, outbox: [], ledger: [] }
}

beforeAll(async () => {
  env = await openTasksEnvironment(1)
  ann = env.owner()
  ws = ann.workspace_id
  loops = Array.from({ length: LOOPS }, () => ids.next())
  const tasks = env.db.collection<TaskDoc>('tasks')
  await tasks.insertMany(Array.from({ length: TASKS }, (_, n) => stored(ws, n)))
  await tasks.insertMany(Array.from({ length: TASKS / 4 }, (_, n) => stored(ids.next(), n)))
  const inWork = await tasks
    .find({ ws, status: 'in_progress', loop_id: { $ne: null } })
    .limit(CLAIMED)
    .toArray()
  const claim = {
    fence: 1,
    holder,
    since: new Date(),
    until: null,
    term_ms: 0,
    attempt: 1,
    progress: null,
    bounded: false,
  }
  for (const { _id } of inWork)
    await tasks.updateOne({ _id }, { $set: { claim: { ...claim, id: ids.next() } } })
  const counters = env.db.collection<{ _id: string; ws: string }>('tallies')
  await counters.insertMany([ws, ...loops].map((_id) => ({ _id, ws })))
})
afterAll(() => env?.[Symbol.asyncDispose]())

type Case = Readonly<{ call: () => Promise<unknown>; keys: number }>
const OPERATIONS: Record<string, Case> = {
  describe_loops: {
    call: async () => {
      const described = (await env.tasksOf(ann).describe_loops({ loop_ids: loops })).loops
      expect(described).toHaveLength(LOOPS)
      expect(described.every(({ oldest_ready_at }) => oldest_ready_at !== undefined)).toBe(true)
      expect(described.reduce((sum, { holders_total }) => sum + holders_total, 0)).toBe(CLAIMED)
    },
    // One key of each loop, and one behind it to go on to the next.
    keys: 2 * LOOPS + 2,
  },
  'list_claims, of all private loops': {
    call: async () => {
      const { total } = await env.tasksOf(ann).list_claims({ visible_private_loop_ids: null })
      expect(total).toBe(CLAIMED)
    },
    keys: CLAIMED + 1,
  },
  'list_claims, of some private loops': {
    call: () => env.tasksOf(ann).list_claims({ visible_private_loop_ids: loops }),
    keys: 2 * CLAIMED + 2,
  },
}
test.each(Object.entries(OPERATIONS))('%s', async (_, { call, keys }) => {
  expectBounded(await profiled(env.db, ['tasks', 'comments', 'tallies'], call), keys)
})
