// The way to a queue when somebody else comes in between, or died in between: the real stores, with other work put at
// exactly the moment that matters. Also the limit on active loops.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createdEvents, hold, newLoop, reopen, type StandingLoop } from '../../services/loops-queue/loop.ts'
import { type Queues, queues } from '../../services/loops-queue/order.ts'
import { move, movedChange, orderOf, weave } from '../../services/loops-queue/queue.ts'
import { type LoopStore, openLoops, type StandingDoc } from '../../services/loops-queue/store.ts'
import { openQueues, type QueueStore } from '../../services/loops-queue/store-queue.ts'
import { turns } from '../../services/loops-queue/turns.ts'
import { MAX_TRIES } from '../../shared/aggregate.ts'
import { ownCall } from '../../shared/bus/headers.ts'
import { systemClock as clock } from '../../shared/clock.ts'
import type { Caller, MemberCall } from '../../shared/contract.ts'
import { LIMITS } from '../../shared/contracts/common.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue.ts'
import { createLog } from '../../shared/log.ts'
import { connectMongo, type Mongo } from '../../shared/mongo.ts'
import { type Bed, ids, openBed, person } from '../support/service-bed.ts'

let bed: Bed
let mongo: Mongo
let loops: LoopStore
let store: QueueStore
beforeAll(async () => {
  bed = await openBed()
  await bed.start('loops-queue')
  mongo = await connectMongo(bed.mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  const deps = { service: 'loops-queue', clock, ids, onCommit: () => undefined }
  loops = await openLoops(mongo.database('loops-queue'), deps)
  store = await openQueues(mongo.database('loops-queue'), deps)
})
afterAll(async () => {
  await mongo?.[Symbol.asyncDispose]()
  await bed?.[Symbol.asyncDispose]()
})

const callOf = (caller: Caller): MemberCall => ({ ...ownCall(clock, ids.next()), caller })
/** An instance of its own; what it is given replaces a function of its stores. */
const instance = (own: Partial<LoopStore> = {}): Queues =>
  queues({ loops: { ...loops, ...own }, store, turns: turns(10), ids })
const moment = (caller: Caller) => ({
  by: { user_id: caller.user_id, name: caller.user_name, client: caller.client_name },
  now: clock.now(),
  key: ids.next(),
})

/** Stores a loop as a process does that dies before it goes on. */
const insert = async (caller: Caller, name: string): Promise<StandingDoc> => {
  const asked = { name, description: '', ai_context: '', visibility: 'public' as const, member_ids: [] }
  const loop: StandingLoop = newLoop(ids.next(), caller.workspace_id, 'active', asked, moment(caller))
  return (await loops.insert(loop, createdEvents(loop, 1), {})) as StandingDoc
}
const put = async (caller: Caller, id: string, decide: typeof hold): Promise<StandingDoc> => {
  const loop = await loops.get(caller, id)
  const decision = decide(loop, moment(caller))
  if (!decision) throw new Error('nothing to decide')
  return (await loops.save(loop, decision, {})) as StandingDoc
}
const nothing = (): void => undefined
const create = async (caller: Caller, name: string): Promise<string> => {
  const write = async () => ({ loop: await insert(caller, name) })
  return (await instance().along(callOf(caller), write, nothing)).loop._id
}
const close = (caller: Caller, id: string) =>
  instance().along(callOf(caller), async () => ({ loop: await put(caller, id, hold) }), nothing)
const changesOf = async (caller: Caller): Promise<string[]> =>
  (await store.load(caller.workspace_id)).log.map(({ change }) => change)

/** Runs `other` once, when the first look at the active loops has `begun` or `ended`. */
const interrupted = (
  when: 'begun' | 'ended',
  other: () => Promise<unknown>,
): Pick<LoopStore, 'listActive'> => {
  let done = false
  const once = async (now: 'begun' | 'ended') => {
    if (now !== when || done) return
    done = true
    await other()
  }
  return {
    listActive: async (ws) => {
      await once('begun')
      const active = await loops.listActive(ws)
      await once('ended')
      return active
    },
  }
}

describe('a look at the queue while another instance changes it', () => {
  test('keeps_a_loop_that_is_made_after_it', async () => {
    const ann = person(ids.next())
    const first = await create(ann, 'First')
    const during = interrupted('ended', () => create(ann, 'Second'))
    expect((await instance(during).read(callOf(ann))).visible).toEqual([first])
    expect((await instance().read(callOf(ann))).visible).toHaveLength(2)
    expect(await changesOf(ann)).toEqual(['added', 'added'])
  })

  test('repairs_nothing_when_a_loop_is_made_in_the_middle_of_it', async () => {
    const ann = person(ids.next())
    await create(ann, 'First')
    const during = interrupted('begun', () => create(ann, 'Second'))
    expect((await instance(during).read(callOf(ann))).visible).toHaveLength(2)
    expect(await changesOf(ann)).toEqual(['added', 'added'])
  })

  test('repairs_nothing_when_a_loop_is_held_in_the_middle_of_it', async () => {
    const ann = person(ids.next())
    const first = await create(ann, 'First')
    const second = await create(ann, 'Second')
    const seen = await instance(interrupted('begun', () => close(ann, first))).read(callOf(ann))
    expect(seen).toMatchObject({ visible: [second], version: 3 })
    expect(await changesOf(ann)).toEqual(['added', 'added', 'removed'])
  })

  test('applies_a_move_to_the_order_that_it_finds_then', async () => {
    const ann = person(ids.next())
    const [a, b, c] = [await create(ann, 'A'), await create(ann, 'B'), await create(ann, 'C')]
    let tries = 0
    const orders: (readonly string[])[] = []
    const during = interrupted('begun', () => moveTo(instance(), b, 0))
    const moveTo = (from: Queues, id: string, position: number) =>
      from.change(callOf(ann), undefined, async (seen) => {
        tries += 1
        orders.push(seen.order)
        const after = move(seen.order, seen.hidden, id, position)
        return { places: weave(seen.queue, after), change: movedChange(seen.order, after, id), result: after }
      })
    expect(await moveTo(instance(during), c, 0)).toEqual([c, b, a])
    expect(orders).toEqual([
      [a, b, c],
      [a, b, c],
      [b, a, c],
    ])
    expect(tries).toBe(3)
  })

  test('gives_up_as_unavailable_when_others_are_always_first', async () => {
    const ann = person(ids.next())
    const [a, b] = [await create(ann, 'A'), await create(ann, 'B')]
    const swap = (from: Queues, between: () => Promise<unknown>) =>
      from.change(callOf(ann), undefined, async (seen) => {
        const id = seen.order[1] as string
        const after = move(seen.order, seen.hidden, id, 0)
        await between()
        return { places: weave(seen.queue, after), change: movedChange(seen.order, after, id), result: null }
      })
    const always = swap(instance(), () => swap(instance(), async () => undefined))
    await expect(always).rejects.toMatchObject({ code: 'unavailable' })
    expect((await store.load(ann.workspace_id)).v).toBe(2 + MAX_TRIES)
    expect([...(await instance().read(callOf(ann))).visible].sort()).toEqual([a, b].sort())
  })
})

describe('what a crash left behind', () => {
  test('a_loop_that_was_made_joins_the_end_by_one_repair', async () => {
    const ann = person(ids.next())
    const first = await create(ann, 'First')
    const left = [(await insert(ann, 'L1'))._id, (await insert(ann, 'L2'))._id]
    expect(await instance().read(callOf(ann))).toMatchObject({ version: 2, visible: [first, ...left] })
    expect(await instance().read(callOf(ann))).toMatchObject({ version: 2 })
    expect(await changesOf(ann)).toEqual(['added', 'repaired'])
  })

  test('a_loop_that_was_held_leaves_and_keeps_its_place', async () => {
    const ann = person(ids.next())
    const [a, b, c] = [await create(ann, 'A'), await create(ann, 'B'), await create(ann, 'C')]
    await put(ann, b, hold)
    expect((await instance().read(callOf(ann))).visible).toEqual([a, c])
    await put(ann, b, reopen)
    expect((await instance().read(callOf(ann))).visible).toEqual([a, b, c])
    expect((await changesOf(ann)).slice(3)).toEqual(['repaired', 'repaired'])
  })

  test('is_repaired_by_a_version_of_its_own_before_a_command', async () => {
    const ann = person(ids.next())
    const first = await create(ann, 'First')
    const left = (await insert(ann, 'Left'))._id
    const service = bed.as(loopsQueue, ann)
    const stale = service.set_loop_priority({ loop_id: first, priority: 1, expected_version: 1 })
    await expect(stale).rejects.toMatchObject({ code: 'version_conflict' })
    expect(await service.set_loop_priority({ loop_id: left, priority: 0 })).toMatchObject({
      version_before: 2,
      version: 3,
      order_head: [left, first],
    })
    expect(await changesOf(ann)).toEqual(['added', 'repaired', 'moved'])
  })

  test('of_another_loop_is_told_apart_from_what_a_command_does_itself', async () => {
    const ann = person(ids.next())
    await create(ann, 'First')
    await insert(ann, 'Left')
    const { loop, queue_version } = await bed.as(loopsQueue, ann).create_loop({ name: 'New' })
    expect({ queue_version, priority: loop.priority }).toEqual({ queue_version: 3, priority: 2 })
    const { log, ...places } = await store.load(ann.workspace_id)
    expect(log.map(({ change }) => change)).toEqual(['added', 'repaired', 'added'])
    expect(orderOf(places)[2]).toBe(loop.id)
  })
})

describe('the limit on active loops', () => {
  test('refused_beyond_it_until_one_is_put_on_hold', async () => {
    const ann = person(ids.next())
    const held = await create(ann, 'Held')
    await close(ann, held)
    const { outbox: _, ledger: __, ...one } = await loops.get(ann, held)
    const many = Array.from({ length: LIMITS.active_loops - 1 }, () => ({
      ...one,
      _id: ids.next(),
      status: 'active' as const,
      status_key: ids.next(),
      outbox: [],
      ledger: [],
    }))
    await mongo.database('loops-queue').collection<StandingDoc>('loops').insertMany(many)
    const service = bed.as(loopsQueue, ann)
    const last = await service.create_loop({ name: 'The last one' })
    expect(last.loop.priority).toBe(LIMITS.active_loops - 1)
    const over = { code: 'limit_exceeded', extras: { details: { limit: 5_000, size: 5_001 } } }
    await expect(service.create_loop({ name: 'Too many' })).rejects.toMatchObject(over)
    await expect(service.reopen_loop({ loop_id: held })).rejects.toMatchObject(over)
    const formed = service.create_loop_from_tasks({ loop_name: 'Too many', task_ids: [ids.next()] })
    await expect(formed).rejects.toMatchObject(over)
    expect(await service.reopen_loop({ loop_id: last.loop.id })).toMatchObject({ changed: false })
    await service.close_loop({ loop_id: last.loop.id })
    expect(await service.reopen_loop({ loop_id: held })).toMatchObject({
      changed: true,
      loop: { priority: 0 },
    })
    const all = [held, ...many.map(({ _id }) => _id)]
    expect(await service.reorder_loops({ loop_ids: all.toReversed() })).toMatchObject({
      changed: true,
      total: 5_000,
    })
  })
})
