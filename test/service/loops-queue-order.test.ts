// Changes of a queue when somebody else interferes or dies halfway. It uses the real stores, with other work at exactly
// the moment that matters.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Deps } from '../../services/loops-queue/deps.ts'
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
import { queueHandlers } from '../../services/loops-queue/queue-tools.ts'
import { turns } from '../../services/loops-queue/turns.ts'
import { ownCall } from '../../shared/bus/headers.ts'
import type { Caller, MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { MAX_TRIES } from '../../shared/storage/command.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { ids, openEnvironment, person, type TestEnvironment } from '../support/service-environment.ts'

let env: TestEnvironment
let mongo: Mongo
let loops: LoopStore
let store: QueueStore
beforeAll(async () => {
  env = await openEnvironment()
  await env.start('loops-queue')
  mongo = await connectMongo(env.mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  const deps = { service: 'loops-queue', clock, ids, onCommit: () => undefined }
  loops = await openLoops(mongo.database('loops-queue'), deps)
  store = await openQueues(mongo.database('loops-queue'), deps)
})
afterAll(async () => {
  await mongo?.[Symbol.asyncDispose]()
  await env?.[Symbol.asyncDispose]()
})

const log = createLog({ filter: 'error', topic: 'test' })
const callOf = (caller: Caller, budget_ms = 8_000): MemberCall => ({
  ...ownCall(clock, ids.next(), budget_ms),
  caller,
})
/** A separate instance; the arguments replace functions of its stores. */
const instance = (own: Partial<LoopStore> = {}, ownStore: Partial<QueueStore> = {}): Queues =>
  queues({ loops: { ...loops, ...own }, store: { ...store, ...ownStore }, turns: turns(10), ids, clock, log })
const moment = (caller: Caller) => ({
  by: { user_id: caller.user_id, name: caller.user_name, client: caller.client_name },
  now: clock.now(),
  key: ids.next(),
})

/** Stores a loop like a process that dies right afterwards. */
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
  return (await instance().changeLoopThenQueue(callOf(caller), write, nothing)).loop._id
}
const close = (caller: Caller, id: string) =>
  instance().changeLoopThenQueue(callOf(caller), async () => ({ loop: await put(caller, id, hold) }), nothing)
const reopenNow = (caller: Caller, id: string) =>
  instance().changeLoopThenQueue(
    callOf(caller),
    async () => ({ loop: await put(caller, id, reopen) }),
    nothing,
  )
const changesOf = async (caller: Caller): Promise<string[]> =>
  (await store.load(caller.workspace_id)).log.map(({ change }) => change)

/** Runs `other` once, when the first read of the active loops has `begun` or `ended`. */
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
  test('keeps_a_loop_that_is_created_after_it', async () => {
    const ann = person(ids.next())
    const first = await create(ann, 'First')
    const during = interrupted('ended', () => create(ann, 'Second'))
    expect((await instance(during).read(callOf(ann))).visible).toContain(first)
    expect((await instance().read(callOf(ann))).visible).toHaveLength(2)
    expect(await changesOf(ann)).toEqual(['added', 'added'])
  })

  test('repairs_nothing_when_a_loop_is_created_during_it', async () => {
    const ann = person(ids.next())
    await create(ann, 'First')
    const during = interrupted('begun', () => create(ann, 'Second'))
    expect((await instance(during).read(callOf(ann))).visible).toHaveLength(2)
    expect(await changesOf(ann)).toEqual(['added', 'added'])
  })

  test('repairs_nothing_when_a_loop_is_held_during_it', async () => {
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
      from.change(callOf(ann), {}, async (seen) => {
        tries += 1
        orders.push(seen.order)
        const after = move(seen.order, seen.hidden, id, position)
        return {
          places: withOrder(seen.places, after),
          change: movedChange(seen.order, after, id),
          result: after,
        }
      })
    expect(await moveTo(instance(during), c, 0)).toEqual([c, b, a])
    expect(orders).toEqual([
      [a, b, c],
      [a, b, c],
      [b, a, c],
    ])
    expect(tries).toBe(3)
  })

  test('places_a_loop_reopened_after_the_look_only_after_another_look', async () => {
    const ann = person(ids.next())
    const [a, b, c] = [await create(ann, 'A'), await create(ann, 'B'), await create(ann, 'C')]
    const asking = <R>(ask: (at: ReturnType<typeof queueHandlers>, call: MemberCall) => Promise<R>) => {
      let reopened = false
      // A loop is reopened between the look at the queue and the look at the loop that is not in it.
      const listStatuses: LoopStore['listStatuses'] = async (viewer, among) => {
        if (!reopened) await reopenNow(ann, b)
        reopened = true
        return await loops.listStatuses(viewer, among)
      }
      const deps = { loops: { ...loops, listStatuses }, queues: instance({ listStatuses }) }
      return ask(queueHandlers(deps as unknown as Deps), callOf(ann))
    }
    await close(ann, b)
    const reordered = await asking((at, call) => at.reorder_loops({ loop_ids: [c, b] }, call))
    expect(reordered).toMatchObject({ order_head: [c, b, a], changed: true })
    await close(ann, b)
    const moved = await asking((at, call) => at.set_loop_priority({ loop_id: b, priority: 0 }, call))
    expect(moved).toMatchObject({ priority: 0, order_head: [b, c, a] })
    expect(await store.load(ann.workspace_id)).toMatchObject({ slots: [b, c, a], held: [] })
  })

  test('gives_up_as_unavailable_when_others_always_win', async () => {
    const ann = person(ids.next())
    const [a, b] = [await create(ann, 'A'), await create(ann, 'B')]
    const swap = (from: Queues, between: () => Promise<unknown>) =>
      from.change(callOf(ann, 2_000), {}, async (seen) => {
        const id = seen.order[1] as string
        const after = move(seen.order, seen.hidden, id, 0)
        await between()
        return {
          places: withOrder(seen.places, after),
          change: movedChange(seen.order, after, id),
          result: null,
        }
      })
    const always = swap(instance(), () => swap(instance(), async () => undefined))
    await expect(always).rejects.toMatchObject({ code: 'unavailable' })
    expect((await store.load(ann.workspace_id)).v).toBeGreaterThan(2 + MAX_TRIES)
    expect([...(await instance().read(callOf(ann))).visible].sort()).toEqual([a, b].sort())
  })
})

describe('what a crash left behind', () => {
  const byMaker = async (caller: Caller) =>
    (await store.load(caller.workspace_id)).log.map(({ change, by }) => [change, by?.user_id])

  test('created_loops_are_last_and_join_by_versions_in_the_name_of_their_creator', async () => {
    const [ann, bo] = [person(ids.next()), person(ids.next())]
    const first = await create(ann, 'First')
    const left = [
      (await insert(ann, 'L1'))._id,
      (await insert({ ...bo, workspace_id: ann.workspace_id }, 'L2'))._id,
    ]
    expect(await instance().read(callOf(ann))).toMatchObject({ version: 3, visible: [first, ...left] })
    expect(await changesOf(ann)).toEqual(['added'])
    await instance().catchUp(ann.workspace_id)
    expect(await instance().read(callOf(ann))).toMatchObject({ version: 3, visible: [first, ...left] })
    expect(await byMaker(ann)).toEqual([
      ['added', ann.user_id],
      ['added', ann.user_id],
      ['added', bo.user_id],
    ])
  })

  test('a_loop_that_was_held_leaves_and_keeps_its_place', async () => {
    const ann = person(ids.next())
    const [a, b, c] = [await create(ann, 'A'), await create(ann, 'B'), await create(ann, 'C')]
    await put(ann, b, hold)
    expect((await instance().read(callOf(ann))).visible).toEqual([a, c])
    await instance().catchUp(ann.workspace_id)
    await put(ann, b, reopen)
    expect((await instance().read(callOf(ann))).visible).toEqual([a, b, c])
    await instance().catchUp(ann.workspace_id)
    expect((await changesOf(ann)).slice(3)).toEqual(['removed', 'added'])
  })

  test('a_loop_that_was_held_and_reopened_meanwhile_stays_where_it_is', async () => {
    const ann = person(ids.next())
    const [a, b, c] = [await create(ann, 'A'), await create(ann, 'B'), await create(ann, 'C')]
    await put(ann, b, hold)
    const during = interrupted('ended', () => put(ann, b, reopen))
    await instance(during).catchUp(ann.workspace_id)
    await instance().catchUp(ann.workspace_id)
    expect((await instance().read(callOf(ann))).visible).toEqual([a, b, c])
  })

  test('a_loop_that_was_held_and_reopened_meanwhile_stays_even_when_nothing_is_left_to_repair', async () => {
    const ann = person(ids.next())
    const ws = ann.workspace_id
    const [a, b, c] = [await create(ann, 'A'), await create(ann, 'B'), await create(ann, 'C')]
    const reader = instance()
    expect((await reader.read(callOf(ann))).visible).toEqual([a, b, c])
    const marks = () => loops.listUnqueued(ws)
    await expect.poll(marks).toEqual([])
    await put(ann, b, hold)
    const during = interrupted('begun', async () => {
      await put(ann, b, reopen)
      await instance().catchUp(ws)
      await expect.poll(marks).toEqual([])
    })
    await instance(during).catchUp(ws)
    expect((await reader.read(callOf(ann))).visible).toEqual([a, b, c])
  })

  test('a_loop_that_was_created_and_held_meanwhile_does_not_enter_the_first_order', async () => {
    const ann = person(ids.next())
    const ws = ann.workspace_id
    const made = (await insert(ann, 'A'))._id
    const during = interrupted('begun', async () => {
      await put(ann, made, hold)
      await instance().catchUp(ws)
      await expect.poll(() => loops.listUnqueued(ws)).toEqual([])
    })
    await instance(during).catchUp(ws)
    expect(await store.load(ws)).toMatchObject({ v: 0, slots: [] })
    const first = await create(ann, 'B')
    expect(await instance().read(callOf(ann))).toMatchObject({ version: 1, visible: [first] })
  })

  test('is_saved_with_the_next_command_before_its_own_version', async () => {
    const ann = person(ids.next())
    const first = await create(ann, 'First')
    const left = (await insert(ann, 'Left'))._id
    const service = env.as(loopsQueue, ann)
    const stale = service.set_loop_priority({ loop_id: first, priority: 1, expected_version: 1 })
    await expect(stale).rejects.toMatchObject({ code: 'version_conflict' })
    expect(await service.set_loop_priority({ loop_id: left, priority: 0 })).toMatchObject({
      version_before: 2,
      version: 3,
      order_head: [left, first],
    })
    expect(await changesOf(ann)).toEqual(['added', 'added', 'moved'])
  })

  test('is_saved_before_a_command_that_changes_nothing_names_the_version', async () => {
    const ann = person(ids.next())
    const first = await create(ann, 'First')
    const left = (await insert(ann, 'Left'))._id
    const moved = await env.as(loopsQueue, ann).set_loop_priority({ loop_id: first, priority: 0 })
    expect(moved).toMatchObject({ changed: false, version: 2, order_head: [first, left] })
    expect(await store.load(ann.workspace_id)).toMatchObject({ v: 2, slots: [first, left] })
  })

  test('is_repaired_by_nobody_where_the_order_names_loops_that_do_not_exist', async () => {
    const ann = person(ids.next())
    const [first, second] = [await create(ann, 'First'), await create(ann, 'Second')]
    await mongo.database('loops-queue').collection<StandingDoc>('loops').deleteOne({ _id: first })
    expect((await instance().read(callOf(ann))).visible).toEqual([second])
    await instance().catchUp(ann.workspace_id)
    expect((await byMaker(ann)).at(-1)).toEqual(['repaired', undefined])
  })
})

describe('when the order cannot be saved', () => {
  const unavailable = new AppError('unavailable', 'The queue document is full.')
  const full: Partial<QueueStore> = { save: () => Promise.reject(unavailable) }
  const createAt = (at: Queues, caller: Caller, name: string) =>
    at.changeLoopThenQueue(callOf(caller), async () => ({ loop: await insert(caller, name) }), nothing)

  test('readers_see_it_as_it_will_be', async () => {
    const ann = person(ids.next())
    const first = await create(ann, 'First')
    const stuck = instance({}, full)
    const second = (await createAt(stuck, ann, 'Second')).loop._id
    const reads = await Promise.all(Array.from({ length: 200 }, () => stuck.read(callOf(ann))))
    for (const { visible, version } of reads)
      expect({ visible, version }).toEqual({ visible: [first, second], version: 2 })
    await instance().catchUp(ann.workspace_id)
    expect((await instance().read(callOf(ann))).version).toBe(2)
  })

  test('whoever_created_a_loop_is_answered_with_the_place_it_will_have', async () => {
    const ann = person(ids.next())
    await create(ann, 'First')
    const { loop, seen } = await createAt(instance({}, full), ann, 'Second')
    expect(seen).toMatchObject({ version: 2, visible: [expect.any(String), loop._id] })
  })

  test('a_written_loop_has_its_place_even_when_the_order_cannot_be_read_afterwards', async () => {
    const ann = person(ids.next())
    const first = await create(ann, 'First')
    let gone = false
    const lost = <F extends (ws: string) => Promise<unknown>>(read: F) =>
      ((ws: string) => (gone ? Promise.reject(unavailable) : read(ws))) as F
    const at = instance({}, { load: lost(store.load), loadHead: lost(store.loadHead) })
    const write = async () => {
      const loop = await insert(ann, 'Second')
      gone = true
      return { loop }
    }
    const { loop, seen } = await at.changeLoopThenQueue(callOf(ann), write, nothing)
    expect(seen).toMatchObject({ version: 2, visible: [first, loop._id] })
  })
})

test('a_hundred_instances_at_once_add_their_loops_to_the_order_and_move_them', async () => {
  const ann = person(ids.next())
  await create(ann, 'First')
  const answers = await Promise.all(
    Array.from({ length: 100 }, async (_, n) => {
      const at = instance()
      const write = async () => ({ loop: await insert(ann, `Loop ${n}`) })
      return await at.changeLoopThenQueue(callOf(ann, 60_000), write, nothing)
    }),
  )
  const { visible, version } = await instance().read(callOf(ann))
  expect(visible).toHaveLength(101)
  expect(version).toBe(101)
  // The document cannot hold all events at once: the last ones follow when the first are published.
  const caughtUp = async () => {
    await instance().catchUp(ann.workspace_id).catch(nothing)
    const { v, outbox } = await store.load(ann.workspace_id)
    return { v, waiting: outbox.length }
  }
  await expect.poll(caughtUp, { timeout: 20_000 }).toEqual({ v: 101, waiting: 0 })
  for (const { loop, seen } of answers) expect(seen.visible).toContain(loop._id)
  expect(new Set(await changesOf(ann))).toEqual(new Set(['added']))
  const moved = await Promise.all(
    answers.slice(0, 40).map(({ loop }) =>
      instance().change(callOf(ann, 60_000), {}, async (seen) => {
        const after = move(seen.order, seen.hidden, loop._id, 0)
        const change = movedChange(seen.order, after, loop._id)
        return { places: withOrder(seen.places, after), change, result: seen.version }
      }),
    ),
  )
  expect(new Set(moved).size).toBe(40)
}, 120_000)
