// Every operation of the tasks service over some thousand tasks uses an index. Nothing is sorted in memory, and hardly
// more keys are read than rows answered, by the database's own profile.
import type { Document } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CommentDoc, type CommentStore, openComments } from '../../services/tasks/comment-store.ts'
import { openCounters } from '../../services/tasks/counter-store.ts'
import { writeCursor } from '../../services/tasks/cursor-rules.ts'
import { createTask, editTask } from '../../services/tasks/task-rules.ts'
import { openTasks, type TaskDoc, type TaskStore } from '../../services/tasks/task-store.ts'
import { locationIn, NOWHERE } from '../../services/tasks/visibility-rules.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import type { ReadyMark } from '../../shared/contracts/tasks/internals.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import type { Outbox } from '../../shared/storage/aggregate.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { expectBounded, profiled as profiledIn } from '../support/profile.ts'
import { ids, person } from '../support/service-environment.ts'
import { EVERY_KIND, openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

const TASKS = 5_040
const COMMENTS = 1_000
const PUBLIC_LOOPS = 6
const PRIVATE_LOOPS = 34
const PAGE = 50
/** Documents that sweepers look for, among all the others. */
const MARKED = 120
/** So far in the future that no sweeper of a running service takes a document marked with it. */
const FUTURE = new Date('2900-01-01')
const LATER = new Date('2999-01-01')

let env: TasksEnvironment
let ann: Caller
let bob: Caller
let ws: string
let made: TaskDoc[]
let publicLoops: string[]
let privateLoops: string[]
let tasks: TaskStore
let comments: CommentStore

const actor = { user_id: ids.next(), name: 'Ann', client: 'Test' }
const stored = (workspace: string, loops: readonly (string | null)[], n: number): TaskDoc => {
  const id = loops[n % loops.length] ?? null
  const location = id
    ? locationIn({ id, visibility: privateLoops.includes(id) ? 'private' : 'public' })
    : NOWHERE
  const { status, priority } = EVERY_KIND[Math.floor(n / loops.length) % EVERY_KIND.length] ?? {
    status: 'open',
    priority: 'none',
  }
  const { next } = createTask({
    id: ids.next(),
    ws: workspace,
    title: `Task ${n}`,
    body: 'x'.repeat(500),
    priority,
    due_date: n % 3 === 0 ? '2026-05-06' : null,
    location,
    by: actor,
    now: new Date(n),
  })
  const edited = editTask({ ...next, v: 1 }, {}, { actor, may_approve: true }, new Date(n))
  return { ...(edited?.next ?? next), status, v: 1, outbox: [], ledger: [] }
}
const comment = (parent: string, n: number): CommentDoc => ({
  _id: ids.next(),
  ws,
  v: 1,
  parent,
  task_id: parent,
  loop_id: null,
  author: actor,
  text: `Comment ${n}`,
  created_at: new Date(n),
  created: null,
  uncounted: [],
  outbox: [],
  ledger: [],
})

beforeAll(async () => {
  env = await openTasksEnvironment(1)
  ann = env.owner()
  ws = ann.workspace_id
  bob = person(ws)
  const loops = async (
    caller: Caller,
    visibility: 'public' | 'private',
    length: number,
  ): Promise<string[]> => {
    const answers = await Promise.all(
      Array.from({ length }, () => env.loopsOf(caller).create_loop({ name: 'Loop', visibility })),
    )
    return answers.map(({ loop }) => loop.id)
  }
  publicLoops = await loops(ann, 'public', PUBLIC_LOOPS)
  privateLoops = await loops(bob, 'private', PRIVATE_LOOPS)
  const loopIds = [null, ...publicLoops, null, ...privateLoops]
  made = Array.from({ length: TASKS }, (_, n) => stored(ws, loopIds, n))
  const foreign = Array.from({ length: TASKS / 4 }, (_, n) => stored(ids.next(), [null], n))
  await env.db.collection<TaskDoc>('tasks').insertMany([...made, ...foreign])
  const counters = [ws, ...publicLoops, ...privateLoops].map((_id) => ({ _id, ws }))
  await env.db.collection<{ _id: string; ws: string }>('tallies').insertMany(counters)
  const parents = [first(), second()]
  await env.db
    .collection<CommentDoc>('comments')
    .insertMany(Array.from({ length: COMMENTS }, (_, n) => comment(parents[n % 2]?._id ?? '', n)))
  const database_clock = await openDatabaseClock(env.db, systemClock)
  const deps = { service: 'tasks', clock: systemClock, database_clock, ids, onCommit: () => undefined }
  ;[tasks, comments] = [await openTasks(env.db, deps), await openComments(env.db, deps)]
})
afterAll(() => env?.[Symbol.asyncDispose]())

const at = (n: number): TaskDoc => made[n] as TaskDoc
const first = (): TaskDoc => at(0)
const second = (): TaskDoc => at(2 + PUBLIC_LOOPS + PRIVATE_LOOPS)

const COLLECTIONS = ['tasks', 'comments', 'tallies', 'requests'] as const
/** What the database did during `work`; sweepers and the relay run too, and the same rules hold for them. */
const profiled = (work: () => Promise<unknown>) => profiledIn(env.db, COLLECTIONS, work)

test('marks_of_unfinished_work_are_indexed_only_where_there_is_some', async () => {
  const { keysPerIndex } = await env.db.command({ validate: 'tasks' })
  const { _id_, newest, filtered, work, authors, ready_oldest, ...marks } = keysPerIndex
  expect(_id_).toBe(TASKS + TASKS / 4)
  for (const index of [newest, filtered, work, ready_oldest]) expect(index).toBeGreaterThan(0)
  expect(Object.values(marks)).toEqual(Array(17).fill(0))
})

const FILTERS = [
  { filter: {}, factor: 1 },
  { filter: { status: 'open' }, factor: 5 },
  { filter: { priority: 'high' }, factor: 6 },
  { filter: { status: 'approved', priority: 'low' }, factor: 1 },
] as const
const LISTS = [
  { who: 'bob', lists: 1, input: {} },
  { who: 'bob', lists: 1, input: { loop_id: 'first public' } },
  { who: 'bob', lists: 1 + PRIVATE_LOOPS, input: { scope: 'assigned' } },
  { who: 'bob', lists: 2 + PRIVATE_LOOPS, input: { scope: 'all' } },
  { who: 'ann', lists: 1, input: { scope: 'assigned' } },
  { who: 'ann', lists: 2, input: { scope: 'all' } },
] as const
const listings = LISTS.flatMap((list) =>
  FILTERS.flatMap(({ filter, factor }) =>
    ['first', 'later'].map((page) => ({ ...list, filter, page, scans: Math.min(150, list.lists * factor) })),
  ),
)

test.each(listings)('list_tasks as $who $input $filter, $page page', async (listing) => {
  const { who, input, filter, page, scans } = listing
  const { loop_id, ...rest } = { loop_id: undefined, ...input }
  const request = {
    ...rest,
    ...filter,
    ...(loop_id ? { loop_id: publicLoops[0] } : {}),
    ...(page === 'later' ? { cursor: writeCursor('newest', at(TASKS / 2)._id) ?? '' } : {}),
    limit: PAGE,
  }
  let answered = 0
  const commands = await profiled(async () => {
    answered = (await env.tasksOf(who === 'ann' ? ann : bob).list_tasks(request)).tasks.length
  })
  expect(answered).toBeGreaterThan(0)
  // One row more than the page shows whether there is another; each merged scan may read one key more.
  expectBounded(commands, PAGE + 1 + scans)
})

type Case = Readonly<{ call: () => Promise<unknown>; keys: number }>
const nobody = () => env.tasksOf(null)
const ofLoop = () => ({ workspace_id: ws, loop_id: publicLoops[0] ?? '', limit: PAGE })
const ofOpen = () => nobody().list_loop_tasks({ ...ofLoop(), status: 'open' })
const ofReady = () => nobody().list_loop_tasks({ ...ofLoop(), ready_only: true })
const key = () => ({ idempotency_key: ids.next() })
const move = async (commit: boolean): Promise<void> => {
  const { loop } = await env.loopsOf(ann).create_loop({ name: 'Loop' })
  const task_ids = made.slice(100, 110).map(({ _id }) => _id)
  await env.tasksOf(ann).prepare_move({ task_ids, loop_id: loop.id, visible_private_loop_ids: null })
  await nobody().finish_move({ workspace_id: ws, loop_id: loop.id, commit, visibility: 'public' })
}
const OPERATIONS: Record<string, Case> = {
  get_task: { call: () => env.tasksOf(ann).get_task({ task_id: first()._id }), keys: 101 },
  'get_task, later comments': {
    call: async () => {
      const page = await env.tasksOf(ann).get_task({ task_id: first()._id })
      expect(page.comments).toHaveLength(100)
      await env.tasksOf(ann).get_task({
        task_id: first()._id,
        comments_cursor: page.comments_next_cursor ?? '',
      })
    },
    keys: 102,
  },
  list_loop_tasks: { call: () => nobody().list_loop_tasks(ofLoop()), keys: PAGE + 7 },
  'list_loop_tasks, later page': {
    call: async () => {
      const { next_cursor } = await nobody().list_loop_tasks({ ...ofLoop(), limit: 40 })
      expect(next_cursor).not.toBeNull()
      await nobody().list_loop_tasks({ ...ofLoop(), cursor: next_cursor ?? '' })
    },
    keys: PAGE + 7,
  },
  'list_loop_tasks, of one status': { call: () => ofOpen(), keys: PAGE + 1 },
  'list_loop_tasks, ready ones': { call: () => ofReady(), keys: PAGE + 1 },
  list_loop_comments: {
    call: () => nobody().list_loop_comments({ workspace_id: ws, loop_id: first()._id }),
    keys: 101,
  },
  count_loops: {
    call: () => nobody().count_loops({ workspace_id: ws, loop_ids: [...publicLoops, ...privateLoops] }),
    keys: 2 * (PUBLIC_LOOPS + PRIVATE_LOOPS),
  },
  count_workspace: {
    call: () => nobody().count_workspace({ workspace_id: ws, visible_private_loop_ids: privateLoops }),
    keys: 2 * (PRIVATE_LOOPS + 2),
  },
  find_ready: {
    call: async () => {
      const unready = Array.from({ length: 1_000 }, () => ids.next())
      const found = await nobody().find_ready({ workspace_id: ws, loop_ids: [...unready, ...publicLoops] })
      expect(found).toEqual({ first: publicLoops[0], ready_loops: PUBLIC_LOOPS })
    },
    keys: 2 * (PUBLIC_LOOPS + PRIVATE_LOOPS) + 4,
  },
  'find_ready, followed': {
    call: async () => {
      const follow = async (since: ReadyMark | null) =>
        (await nobody().find_ready({ workspace_id: ws, loop_ids: [], since })).followed
      await env.tasksOf(ann).update_task({ task_id: at(1)._id, status: 'approved' })
      const first = await follow(null)
      await env.tasksOf(ann).update_task({ task_id: at(1)._id, status: 'open' })
      expect(await follow(first?.mark ?? null)).toMatchObject({
        changed_loop_ids: [publicLoops[0]],
        ready_loop_ids: [publicLoops[0]],
        complete: true,
      })
    },
    keys: 6,
  },
  'find_ready behind tasks that are held back': {
    call: async () => {
      const tasks = env.db.collection<TaskDoc>('tasks')
      const loop_ids = publicLoops.slice(0, 2)
      const approved = { ws, loop_id: publicLoops[0] ?? '', status: 'approved' } as const
      await env.db.command({ profile: 0 })
      await tasks.updateMany(approved, { $set: { ready: false } })
      await env.db.command({ profile: 2 })
      const found = await nobody().find_ready({ workspace_id: ws, loop_ids })
      await env.db.command({ profile: 0 })
      await tasks.updateMany(approved, { $unset: { ready: '' } })
      expect(found).toEqual({ first: publicLoops[1], ready_loops: 1 })
    },
    keys: 6,
  },
  list_seen_tasks: {
    call: () => {
      const task_ids = made.slice(0, PAGE).map(({ _id }) => _id)
      return env.tasksOf(ann).list_seen_tasks({ task_ids, visible_private_loop_ids: null })
    },
    keys: 2 * PAGE,
  },
  summarize_loop: {
    call: () => nobody().summarize_loop({ ...ofLoop(), limit: 20, visibility: 'public' }),
    // It counts the tasks of the loop one by one.
    keys: TASKS / (2 + PUBLIC_LOOPS + PRIVATE_LOOPS) + 1,
  },
  create_task: { call: () => env.tasksOf(ann).create_task({ title: 'T', ...key() }), keys: 2 },
  'create_task, again': {
    call: async () => {
      const request = { title: 'T', ...key() }
      await env.tasksOf(ann).create_task(request)
      expect((await env.tasksOf(ann).create_task(request)).replayed).toBe(true)
    },
    keys: 2,
  },
  update_task: {
    call: async () => {
      const change = { task_id: at(3)._id, loop_id: publicLoops[1] ?? '', title: 'New', ...key() }
      await env.tasksOf(ann).update_task(change)
      await env.tasksOf(ann).update_task(change)
      await env.tasksOf(ann).update_task({ task_id: at(3)._id, title: 'New', ...key() })
    },
    keys: 2,
  },
  bulk_update_tasks: {
    call: () => {
      const task_ids = made.slice(20, 40).map(({ _id }) => _id)
      return env.tasksOf(ann).bulk_update_tasks({ task_ids, priority: 'low', loop_id: null, ...key() })
    },
    keys: 2,
  },
  delete_task: { call: () => env.tasksOf(ann).delete_task({ task_id: at(5)._id }), keys: 2 },
  add_comment: {
    call: async () => {
      await env.tasksOf(ann).add_comment({ task_id: at(6)._id, text: 'Hi', ...key() })
      await env.tasksOf(ann).add_comment({ loop_id: publicLoops[0] ?? '', text: 'Hi' })
    },
    keys: 2,
  },
  'prepare_move and finish_move, moved': { call: () => move(true), keys: 10 + 1 },
  'prepare_move and finish_move, freed': { call: () => move(false), keys: 10 + 1 },
}
test.each(Object.entries(OPERATIONS))('%s', async (_, { call, keys }) => {
  // Readers of counts look at what an earlier case left to be counted.
  await env.allCounted()
  expectBounded(await profiled(call), keys)
})

type Sweep = Case & Readonly<{ prepare: () => Promise<unknown> }>
const mark = async (collection: 'tasks' | 'comments', fields: Document): Promise<void> => {
  const chosen = env.db.collection<{ _id: string }>(collection)
  const docs = await chosen.find({ ws, uncounted: [], move: null }).limit(MARKED).toArray()
  await chosen.updateMany({ _id: { $in: docs.map(({ _id }) => _id) } }, { $set: fields })
}
const waiting = ['E', 'F'].map((id) => ({ id, at: FUTURE }))
const pending = async (outbox: Outbox): Promise<void> => {
  expect(await outbox.pending(LATER, PAGE)).toHaveLength(PAGE)
  await outbox.confirm([{ id: first()._id, ws, event_ids: ['E', 'F'] }])
}
const SWEEPS: Record<string, Sweep> = {
  'the relay of tasks': {
    prepare: () => mark('tasks', { outbox: waiting }),
    call: () => pending(tasks.outbox),
    keys: 2 * PAGE,
  },
  'the relay of comments': {
    prepare: () => mark('comments', { outbox: waiting }),
    call: () => pending(comments.outbox),
    keys: 2 * PAGE,
  },
  'reservations that were left': {
    prepare: () => mark('tasks', { move: { loop_id: ids.next(), at: FUTURE, by: actor } }),
    call: async () => expect(await tasks.listReservedBefore(LATER, PAGE)).toHaveLength(PAGE),
    keys: PAGE,
  },
  'ready tasks to be claimed, without those in hand': {
    prepare: async () => undefined,
    call: async () => {
      const [loop_id = '', inHand] = [publicLoops[3], 4]
      const others = (await tasks.listReady(ws, loop_id, [], inHand)).map(({ _id }) => _id)
      const found = await tasks.listReady(ws, loop_id, others, inHand)
      expect(found.filter(({ _id }) => !others.includes(_id))).toHaveLength(inHand)
    },
    keys: 2 * 4 + 1,
  },
  'claims that have ended': {
    prepare: () => mark('tasks', { claim: { id: 'C', until: FUTURE, term_ms: 60_000 } }),
    call: async () => {
      const expiredAt = async (now: Date) => (await tasks.listExpired(now, PAGE)).length
      expect([await expiredAt(LATER), await expiredAt(new Date())]).toEqual([PAGE, 0])
    },
    keys: PAGE,
  },
  'claims that end soon': {
    prepare: async () => undefined,
    call: async () => {
      const expiringAt = (ms: number) => tasks.listExpiring(new Date(FUTURE.getTime() - ms), PAGE)
      expect([(await expiringAt(10_000)).length, (await expiringAt(30_000)).length]).toEqual([PAGE, 0])
    },
    keys: MARKED + 1,
  },
  'deleted tasks that are not purged': {
    prepare: () => mark('tasks', { deleted_at: FUTURE }),
    call: async () => expect(await tasks.listUnpurged(LATER, PAGE)).toHaveLength(PAGE),
    keys: PAGE,
  },
  'comments of a deleted task': {
    prepare: async () => undefined,
    call: () => comments.purge(ws, second()._id),
    // Removing by id looks twice at each key.
    keys: COMMENTS,
  },
  'changes that were left half counted': {
    prepare: () => {
      const sums = [{ tally: ws, path: 'comments', by: 1 }]
      return mark('tasks', { uncounted: [{ id: ids.next(), at: FUTURE, sums }] })
    },
    call: async () => {
      const log = createLog({ filter: 'error', topic: 'test' })
      const clock = { ...systemClock, now: () => LATER }
      await using counters = await openCounters(env.db, { clock, log, at: () => undefined })
      counters.watch(tasks.counted)
      await counters.sweep()
      expect((await counters.read(ws, [ws], 'comments')).get(ws)?.comments).toBe(1)
    },
    keys: 100,
  },
}
test.each(Object.entries(SWEEPS))('%s', async (_, { prepare, call, keys }) => {
  await prepare()
  expectBounded(await profiled(call), keys)
})
