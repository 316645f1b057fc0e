// Instances that already know the order of a workspace. They read less for it, and are never wrong because of it.
import type { Document } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createdEvents,
  hold,
  newLoop,
  reopen,
  type StandingLoop,
} from '../../services/loops-queue/loop-rules.ts'
import { type LoopStore, openLoops, type StandingDoc } from '../../services/loops-queue/loop-store.ts'
import { type Queues, queues } from '../../services/loops-queue/queue-changes.ts'
import { move, movedChange, withOrder } from '../../services/loops-queue/queue-rules.ts'
import { openQueues, type QueueStore } from '../../services/loops-queue/queue-store.ts'
import { turns } from '../../services/loops-queue/turns.ts'
import { ownCall } from '../../shared/bus/headers.ts'
import type { Caller, MemberCall } from '../../shared/contracts/define/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { ids, person } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'

const log = createLog({ filter: 'error', topic: 'test' })
let mongo: Mongo
let loops: LoopStore
let store: QueueStore
beforeAll(async () => {
  mongo = await connectMongo(freshStack().mongodbUrl, log)
  const deps = { service: 'loops-queue', clock, ids, onCommit: () => undefined }
  loops = await openLoops(mongo.database('loops-queue'), deps)
  store = await openQueues(mongo.database('loops-queue'), deps)
})
afterAll(() => mongo?.[Symbol.asyncDispose]())

const callOf = (caller: Caller): MemberCall => ({ ...ownCall(clock, ids.next(), 20_000), caller })
const moment = ({ user_id, user_name: name }: Caller) => ({
  by: { user_id, name, client: 'Test' },
  now: clock.now(),
  key: ids.next(),
})

/** An instance that counts its reads of all active loops and of a whole order, with a movable clock. */
const instance = () => {
  const count = { looks: 0, reads: 0, passed_ms: 0 }
  const own = {
    ...loops,
    listActive: (ws: string) => {
      count.looks += 1
      return loops.listActive(ws)
    },
  }
  const ownStore = {
    ...store,
    loadOrder: (ws: string) => {
      count.reads += 1
      return store.loadOrder(ws)
    },
  }
  const moved = { monotonicMs: () => clock.monotonicMs() + count.passed_ms }
  const at = queues({ loops: own, store: ownStore, turns: turns(100), ids, clock: moved, log })
  return { ...at, count }
}

const create = async (at: Queues, caller: Caller): Promise<string> => {
  const asked = {
    name: 'Loop',
    description: '',
    ai_context: '',
    visibility: 'public' as const,
    member_ids: [],
  }
  const write = async () => {
    const loop: StandingLoop = newLoop(ids.next(), caller.workspace_id, 'active', asked, moment(caller))
    return { loop: (await loops.insert(loop, createdEvents(loop, 1), {})) as StandingDoc }
  }
  return (await at.changeLoopThenQueue(callOf(caller), write, () => undefined)).loop._id
}
/** Holds or reopens a loop; does nothing when it already has that status or another writer was first. */
const put = async (at: Queues, caller: Caller, id: string, decide: typeof hold): Promise<void> => {
  const write = async () => {
    const loop = await loops.get(caller, id)
    const decision = decide(loop, moment(caller))
    return { loop: (decision && (await loops.save(loop, decision, {}))) ?? loop }
  }
  await at.changeLoopThenQueue(callOf(caller), write, () => undefined)
}
const moveTo = (at: Queues, caller: Caller, id: string, position: number): Promise<null> =>
  at.change(callOf(caller), {}, async ({ order, hidden, places }) => {
    if (!order.includes(id)) return { result: null }
    const after = move(order, hidden, id, position)
    return { result: null, places: withOrder(places, after), change: movedChange(order, after, id) }
  })
const seen = async (at: Queues, caller: Caller) => {
  const { visible, version } = await at.read(callOf(caller))
  return { visible, version }
}

test('only_loops_that_have_changed_are_read', async () => {
  const ann = person(ids.next())
  const at = instance()
  const made: string[] = []
  for (let n = 0; n < 10; n += 1) made.push(await create(at, ann))
  const before = { ...at.count }
  for (const id of made.slice(0, 4)) await put(at, ann, id, hold)
  await moveTo(at, ann, made[9] ?? '', 0)
  await put(at, ann, made[1] ?? '', reopen)
  await seen(at, ann)
  expect(at.count).toEqual(before)
  const visible = [1, 9, 4, 5, 6, 7, 8].map((n) => made[n])
  expect(await seen(at, ann)).toEqual({ visible, version: 16 })
  expect(await seen(instance(), ann)).toEqual({ visible, version: 16 })
})

test('what_an_earlier_release_changed_without_a_mark_is_found_before_long', async () => {
  const ann = person(ids.next())
  const at = instance()
  const [first, second, third] = [await create(at, ann), await create(at, ann), await create(at, ann)]
  const collection = mongo.database('loops-queue').collection<Document & { _id: string }>('loops')
  await collection.updateOne({ _id: first }, { $set: { status: 'on_hold' } })
  at.count.passed_ms += 60_000
  await moveTo(at, ann, third, 0)
  expect((await seen(at, ann)).visible).toEqual([third, second])
})

test('instances_that_know_the_order_and_change_it_at_once_agree_and_none_repairs', async () => {
  const ann = person(ids.next())
  const all = [instance(), instance(), instance()]
  const made: string[] = []
  for (let n = 0; n < 12; n += 1) made.push(await create(all[n % 3] as Queues, ann))
  const steps = Array.from({ length: 60 }, (_, n) => n)
  await inParallel(steps, 6, async (n) => {
    const at = all[n % 3] as Queues
    const id = made[(n * 7) % made.length] ?? ''
    if (n % 5 === 0) await create(at, ann)
    else if (n % 5 === 1) await moveTo(at, ann, id, n % 4)
    else await put(at, ann, id, n % 5 === 2 ? hold : reopen)
  })
  for (const at of all) await at.catchUp(ann.workspace_id)
  const active = await loops.listActive(ann.workspace_id)
  const fresh = await seen(instance(), ann)
  expect(fresh.visible.toSorted()).toEqual(active.map(({ _id }) => _id).toSorted())
  for (const at of all) expect(await seen(at, ann)).toEqual(fresh)
  const { log: changes } = await store.load(ann.workspace_id)
  expect(changes.filter(({ change }) => change === 'repaired')).toEqual([])
})
