// What the pages ask about tasks uses an index over some thousand of them: nothing is sorted in memory, and hardly more is
// read than answered, by the database's own profile.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CommentDoc } from '../../services/tasks/comment-store.ts'
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
const BLOCKED = 80
const QUESTIONS = 200

let env: TasksEnvironment
let ann: Caller
let ws: string
let loops: string[]
let made: TaskDoc[]
const middle = (): string => made[TASKS / 2]?._id ?? ''

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

const question = (task_id: string, settled: boolean): CommentDoc => ({
  _id: ids.next(),
  ws,
  v: 1,
  parent: task_id,
  task_id,
  loop_id: null,
  author: actor,
  text: 'Why?',
  kind: 'question',
  ...(settled ? { settled } : {}),
  created_at: new Date(),
  created: null,
  uncounted: [],
  outbox: [],
  ledger: [],
})

beforeAll(async () => {
  env = await openTasksEnvironment(1)
  ann = env.owner()
  ws = ann.workspace_id
  loops = Array.from({ length: LOOPS }, () => ids.next())
  const tasks = env.db.collection<TaskDoc>('tasks')
  made = Array.from({ length: TASKS }, (_, n) => stored(ws, n))
  await tasks.insertMany(made)
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
  const dependents = await tasks.find({ ws }).limit(BLOCKED).toArray()
  const edge = { task_id: middle(), open: true, v: 1 }
  await tasks.updateMany({ _id: { $in: dependents.map(({ _id }) => _id) } }, { $set: { blocked_by: [edge] } })
  const asked = await tasks
    .find({ ws, status: 'open' })
    .limit(2 * QUESTIONS)
    .toArray()
  const comments = env.db.collection<CommentDoc>('comments')
  // Every other one is known to be answered.
  await comments.insertMany(asked.map(({ _id }, n) => question(_id, n % 2 === 0)))
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
  list_neighbours: {
    call: async () => {
      const asked = { position: middle(), visible_private_loop_ids: loops }
      expect(Object.keys(await env.tasksOf(ann).list_neighbours(asked))).toEqual(['previous', 'next'])
    },
    // Up to 150 scans are merged, of each list one for each priority: the first key of each, and one behind the last list.
    keys: 2 * 150,
  },
  list_blocked: {
    call: async () => {
      const asked = { task_id: middle(), visible_private_loop_ids: null }
      const { tasks, total } = await env.tasksOf(ann).list_blocked(asked)
      expect([tasks.length, total]).toEqual([50, BLOCKED])
    },
    keys: BLOCKED + 1,
  },
  list_open_questions: {
    call: async () => {
      const asked = { visible_private_loop_ids: null, limit: 20 }
      const { questions, next } = await env.tasksOf(ann).list_open_questions(asked)
      expect([questions.length, next === null]).toEqual([20, false])
    },
    // Of each question its task is looked up by id, and that costs two keys.
    keys: 2 * 21,
  },
}
test.each(Object.entries(OPERATIONS))('%s', async (_, { call, keys }) => {
  expectBounded(await profiled(env.db, ['tasks', 'comments', 'tallies'], call), keys)
})
