// Every query of the loops-queue stores over some thousand loops uses an index. It reads hardly more than it answers, by
// the database's own profile. Also tests how large a queue may grow.
import type { Db, Document } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type LoopDoc,
  type LoopStore,
  openLoops,
  type StandingDoc,
} from '../../services/loops-queue/loop-store.ts'
import { reorderedChange, withVersions } from '../../services/loops-queue/queue-rules.ts'
import { openQueues, type QueueStore } from '../../services/loops-queue/queue-store.ts'
import { LIMITS, LOOP_STATUSES } from '../../shared/contracts/define/common.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { idFloor } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { OUTBOX_EVENTS, type Outbox } from '../../shared/storage/aggregate.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { openRequests } from '../../shared/storage/request-store.ts'
import { ids, person } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'

/** Loops of each status in the tested workspace; another one has as many. */
const LOOPS = 1_000
/** Every tenth loop is private, and every other one of those is Bob's. */
const PRIVATE_EVERY = 10
const PRIVATE = LOOPS / PRIVATE_EVERY
const OWN = PRIVATE / 2
const PAGE = 50

const ann = person(ids.next(), { role: 'owner' })
const bob = person(ann.workspace_id)
const ws = ann.workspace_id
const actor = { user_id: ann.user_id, name: 'Ann', client: 'Test' }

let mongo: Mongo
let db: Db
let loops: LoopStore
let queues: QueueStore

const loopsOf = (workspace: string): LoopDoc[] =>
  Array.from({ length: LOOPS * 3 }, (_, n): LoopDoc => {
    const secret = Math.floor(n / 3) % PRIVATE_EVERY === 0
    return {
      _id: ids.next(),
      ws: workspace,
      v: 1,
      name: `Loop ${n}`,
      description: '',
      ai_context: 'x'.repeat(500),
      visibility: secret ? 'private' : 'public',
      readers: secret
        ? [Math.floor(n / 3) % (2 * PRIVATE_EVERY) === 0 ? bob.user_id : ids.next()]
        : ['public'],
      status: LOOP_STATUSES[n % 3] as LoopDoc['status'],
      status_key: ids.next(),
      created_by: actor,
      created_at: new Date(n),
      updated_at: new Date(n),
      shipped_at: null,
      shipped_by: null,
      ...(n % 100 === 0 ? { create_key: `key ${n}` } : {}),
      outbox: [],
      ledger: [],
    }
  })

const made = loopsOf(ws)

beforeAll(async () => {
  mongo = await connectMongo(freshStack().mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  db = mongo.database('loops-queue')
  const requests = await openRequests(db, clock)
  const deps = { service: 'loops-queue', clock, ids, onCommit: () => undefined, requests }
  loops = await openLoops(db, deps)
  queues = await openQueues(db, deps)
  await db.collection<LoopDoc>('loops').insertMany([...made, ...loopsOf(ids.next())])
  await db.command({ profile: 2 })
})
afterAll(() => mongo?.[Symbol.asyncDispose]())

type Profiled = Readonly<{ plan: string; keys: number; docs: number; answered: number }>

/** What the database did for `work`, one entry per command; a marker separates them from earlier ones. */
const profiled = async (work: () => Promise<unknown>): Promise<Profiled[]> => {
  const marker = ids.next()
  await db.collection('loops').findOne({ _id: marker } as Document)
  await work()
  const entries = await db
    .collection('system.profile')
    .find({ ns: /\.(loops|queues)$/, op: { $ne: 'insert' } })
    .sort({ $natural: -1 })
    .limit(20)
    .toArray()
  const since = entries.findIndex((entry) => JSON.stringify(entry.command).includes(marker))
  return entries.slice(0, since).map((entry) => ({
    plan: String(entry.planSummary),
    keys: Number(entry.keysExamined ?? 0),
    docs: Number(entry.docsExamined ?? 0),
    answered: Number(entry.nreturned ?? 1),
  }))
}

const some = (status: string): string[] =>
  made.flatMap((loop) => (loop.status === status ? [loop._id] : [])).slice(0, PAGE)
const first = (): StandingDoc => made[1] as StandingDoc
const inserted = async (status: 'active' | 'forming'): Promise<LoopDoc> => {
  const loop = { ...first(), _id: ids.next(), status, create_key: ids.next() }
  return (await loops.insert(loop, [], {})) as LoopDoc
}
const pending = ({ pending: find, confirm }: Outbox) => ({
  pending: () => find(new Date(), PAGE),
  confirm: () => confirm([{ id: first()._id, ws: first().ws, event_ids: [ids.next()] }]),
})

/** A call of every function of the stores, with the keys and documents it may read. */
type Case = Readonly<{ call: () => Promise<unknown>; keys: number; docs: number }>
const LOOP_CASES: Record<
  Exclude<keyof LoopStore, 'insert' | 'outbox' | 'findRepeat' | 'remember'>,
  readonly Case[]
> = {
  get: [bob, ann].map((who) => ({ call: () => loops.get(who, first()._id), keys: 1, docs: 1 })),
  listActive: [{ call: () => loops.listActive(ws), keys: LOOPS + 2, docs: 0 }],
  listActivePrivate: [{ call: () => loops.listActivePrivate(bob), keys: OWN + 2, docs: 0 }],
  listUnqueued: [{ call: () => loops.listUnqueued(ws), keys: 3, docs: 2 }],
  listUnqueuedOfAll: [{ call: () => loops.listUnqueuedOfAll(PAGE), keys: 3, docs: 2 }],
  listStandings: [{ call: () => loops.listStandings(ws, some('on_hold')), keys: 2 * PAGE, docs: PAGE }],
  listStatuses: [
    { call: () => loops.listStatuses(bob, some('shipped')), keys: 2 * PAGE, docs: PAGE },
    { call: () => loops.listStatuses(ann, some('shipped')), keys: 2 * PAGE, docs: PAGE },
  ],
  listNames: [
    { call: () => loops.listNames(bob, some('shipped')), keys: 2 * PAGE, docs: PAGE },
    { call: () => loops.listNames(ann, some('shipped')), keys: 2 * PAGE, docs: PAGE },
  ],
  listStates: [{ call: () => loops.listStates(ws, some('active')), keys: 2 * PAGE, docs: PAGE }],
  listReaders: [{ call: () => loops.listReaders(ws, some('active')), keys: 2 * PAGE, docs: PAGE }],
  listFirstReaders: [ann, bob].map((who) => ({
    call: () => loops.listFirstReaders(who, some('active'), 10),
    keys: 2 * PAGE,
    docs: PAGE,
  })),
  listRows: [{ call: () => loops.listRows(ws, some('active')), keys: 2 * PAGE, docs: PAGE }],
  listByStatus: [ann, bob].flatMap((who) =>
    [undefined, (made.at(-600) as LoopDoc).status_key].map((before) => ({
      call: () => loops.listByStatus(who, 'shipped', before, PAGE),
      keys: 2 * PAGE,
      docs: 2 * PAGE,
    })),
  ),
  count: [
    { call: () => loops.count(ann, 'shipped'), keys: LOOPS + 1, docs: 0 },
    { call: () => loops.count(bob, 'shipped'), keys: LOOPS + 1, docs: 0 },
  ],
  listPrivate: [{ call: () => loops.listPrivate(bob), keys: 3 * OWN + 7, docs: 0 }],
  listPrivateOf: [
    { call: () => loops.listPrivateOf(ws, bob.user_id, undefined, PAGE), keys: 3 * OWN + 7, docs: 0 },
  ],
  findPrivateOf: [{ call: () => loops.findPrivateOf(ws, first()._id, bob.user_id), keys: 1, docs: 1 }],
  findCreated: [{ call: () => loops.findCreated(ws, 'key 300'), keys: 1, docs: 1 }],
  find: [{ call: () => loops.find(ws, first()._id), keys: 1, docs: 1 }],
  listUnreported: [{ call: () => loops.listUnreported(new Date(), PAGE), keys: 1, docs: 1 }],
  report: [{ call: () => report(), keys: 1, docs: 1 }],
  listForming: [{ call: () => loops.listForming(PAGE), keys: 3, docs: 3 }],
  save: [{ call: () => saveLoop(), keys: 1, docs: 1 }],
  markQueued: [
    { call: async () => loops.markQueued(ws, [{ ...standing, unqueued: 'none' }]), keys: 1, docs: 1 },
  ],
  removeForming: [{ call: async () => loops.removeForming(forming), keys: 1, docs: 1 }],
}
const report = async () =>
  loops.report({ ...standing, v: standing.v + 1 }, { name: 'loop.shipped', data: {} as never }, {})
const saveLoop = async () => loops.save(standing, { next: standing, events: [] }, {})
const QUEUE_CASES: Record<Exclude<keyof QueueStore, 'outbox'>, readonly Case[]> = {
  load: [{ call: () => queues.load(ws), keys: 1, docs: 1 }],
  loadHead: [{ call: () => queues.loadHead(ws), keys: 1, docs: 1 }],
  loadOrder: [{ call: () => queues.loadOrder(ws), keys: 1, docs: 1 }],
  save: [{ call: async () => saveQueue(), keys: 1, docs: 1 }],
  confirm: [{ call: async () => queues.confirm(await queues.load(ws)), keys: 1, docs: 1 }],
  findRepeat: [
    {
      call: async () => queues.findRepeat(await queues.load(ws), { key: 'other', hash: 'h' }),
      keys: 1,
      docs: 1,
    },
  ],
  remember: [
    {
      call: async () =>
        queues.remember(await queues.load(ws), { request: { key: 'k', hash: 'h' }, result: {} }),
      keys: 1,
      docs: 1,
    },
  ],
}
const saveQueue = async () => {
  const queue = await queues.load(ws)
  await queues.save(
    queue,
    withVersions(queue, [{ places: queue, change: reorderedChange([], []), by: null }]),
    {},
  )
}

let forming: LoopDoc
let standing: StandingDoc
beforeAll(async () => {
  forming = await inserted('forming')
  standing = (await inserted('active')) as StandingDoc
  await saveQueue()
})

const cases: [string, Case][] = [
  ...Object.entries(LOOP_CASES).flatMap(([name, list]) =>
    list.map((one): [string, Case] => [`loops.${name}`, one]),
  ),
  ...Object.entries(QUEUE_CASES).flatMap(([name, list]) =>
    list.map((one): [string, Case] => [`queues.${name}`, one]),
  ),
  ...(['pending', 'confirm'] as const).flatMap((name): [string, Case][] => [
    [`loops.outbox.${name}`, { call: async () => pending(loops.outbox)[name](), keys: 2, docs: 2 }],
    [`queues.outbox.${name}`, { call: async () => pending(queues.outbox)[name](), keys: 2, docs: 2 }],
  ]),
]

test.each(cases)('index_backed_and_bounded: %s', async (_, { call, keys, docs }) => {
  const commands = await profiled(call)
  expect(commands).not.toEqual([])
  for (const command of commands) {
    expect(command.plan).toMatch(
      /^(IXSCAN|COUNT_SCAN|IDHACK|EXPRESS_IXSCAN|EXPRESS_CLUSTERED_IXSCAN|RECORD_STORE_FAST_COUNT)/,
    )
    expect(command.keys).toBeLessThanOrEqual(keys)
    expect(command.docs).toBeLessThanOrEqual(docs)
  }
})

test('pages_of_a_member_hold_exactly_what_is_visible_newest_first', async () => {
  const all = made.filter(
    ({ status, readers }) =>
      status === 'shipped' && readers.some((id) => id === 'public' || id === bob.user_id),
  )
  const seen: string[] = []
  let before: string | undefined
  do {
    const page = await loops.listByStatus(bob, 'shipped', before, PAGE)
    seen.push(...page.map(({ _id }) => _id))
    before = page.at(-1)?.status_key
  } while (before !== undefined)
  expect(seen).toEqual(all.map(({ _id }) => _id).reverse())
  expect(await loops.count(bob, 'shipped')).toBe(all.length)
  expect(await loops.count(ann, 'shipped')).toBe(LOOPS)
})

test('shipped_loops_are_counted_once_and_then_only_those_shipped_since', async () => {
  const old = person(ids.next())
  const key = (n: number) => idFloor(new Date(clock.now().getTime() - 86_400_000 + n))
  const shipped = loopsOf(old.workspace_id).slice(0, 900)
  await db
    .collection<LoopDoc>('loops')
    .insertMany(shipped.map((loop, n) => ({ ...loop, status: 'shipped', status_key: key(n) })))
  const open = shipped.filter(({ visibility }) => visibility === 'public').length
  expect(await loops.count(old, 'shipped')).toBe(open)
  const counts = async () => (await db.collection('shipped_counts').findOne({ ws: old.workspace_id }))?.all
  await expect.poll(counts).toBe(900)
  const commands = await profiled(async () => {
    expect(await loops.count(old, 'shipped')).toBe(open)
    expect(await loops.count({ ...old, role: 'owner' }, 'shipped')).toBe(900)
  })
  for (const { keys } of commands) expect(keys).toBeLessThanOrEqual(2)
  const late = {
    ...(shipped.find(({ visibility }) => visibility === 'public') as LoopDoc),
    _id: ids.next(),
    status: 'shipped' as const,
    status_key: ids.next(),
  }
  await db.collection<LoopDoc>('loops').insertOne(late)
  expect(await loops.count(old, 'shipped')).toBe(open + 1)
})

test('rows_hold_no_more_of_the_ai_context_than_they_show', async () => {
  const [row] = await loops.listRows(ws, some('active'))
  expect(row?.ai_context).toHaveLength(301)
  expect(row).not.toHaveProperty('ledger')
})

test('refused_before_waiting_events_make_the_queue_too_large_for_a_document', async () => {
  const order = Array.from({ length: LIMITS.active_loops }, () => ids.next())
  const change = reorderedChange(order, order)
  const reorderAll = async () => {
    const queue = await queues.load(order[0] as string)
    return await queues.save(
      queue,
      withVersions(queue, [{ places: { slots: order, held: [] }, change, by: null }]),
      {},
    )
  }
  let saved = 0
  const untilRefused = async () => {
    for (; saved < OUTBOX_EVENTS; saved += 1) await reorderAll()
  }
  await expect(untilRefused()).rejects.toMatchObject({ code: 'unavailable' })
  expect(saved).toBe(10)
  const queue = await queues.load(order[0] as string)
  const { _id: id, ws } = queue
  await queues.outbox.confirm([{ id, ws, event_ids: queue.outbox.map((event) => event.id) }])
  expect(await reorderAll()).toMatchObject({ v: 11 })
})
