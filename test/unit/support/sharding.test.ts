// The guard of the shard key: which commands it lets pass, and that it knows every collection.
import { expect, test } from 'vitest'
import { placeOf, SHARDED, WHOLE_PLACES } from '../../support/sharding/collections.ts'
import { commandFaults, mayBeUnique } from '../../support/sharding/command-rules.ts'
import { EXCEPTIONS } from '../../support/sharding/exceptions.ts'

const KNOWN = { sharded: SHARDED, whole: WHOLE_PLACES, exceptions: EXCEPTIONS }
const faultsOf = (name: string, place: string, body: Record<string, unknown>): readonly string[] =>
  commandFaults({ name, place, body }, KNOWN)
const TASKS = 'tasks.tasks'

test.each([
  ['find', TASKS, { filter: { ws: 'W', status: 'open' } }],
  ['find', TASKS, { filter: { $and: [{ ws: 'W' }, { _id: { $in: ['A'] } }] } }],
  ['find', TASKS, { filter: { ws: { $in: ['V', 'W'] }, _id: { $in: ['A'] } } }],
  ['count', TASKS, { query: { ws: 'W' } }],
  ['distinct', TASKS, { query: { ws: 'W' } }],
  ['aggregate', TASKS, { pipeline: [{ $match: { ws: 'W' } }, { $limit: 1 }] }],
  ['insert', TASKS, { documents: [{ _id: 'A', ws: 'W' }] }],
  ['update', TASKS, { updates: [{ q: { _id: 'A', ws: 'W' } }] }],
  ['delete', TASKS, { deletes: [{ q: { ws: 'W' }, limit: 0 }] }],
  ['findAndModify', TASKS, { query: { _id: 'A', ws: 'W', v: 1 } }],
  ['find', TASKS, { filter: { 'outbox.at': { $lte: 1 }, _id: { $nin: ['A'] } } }],
  ['find', TASKS, { filter: { _id: { $gt: 'A' } } }],
  ['find', 'notifier.deliveries', { filter: { due_at: { $lte: 1 }, ws: { $nin: [] }, template: 'T' } }],
  ['update', 'tasks.events', { updates: [{ q: { _id: 'E' } }] }],
  ['find', 'gateway.people', { filter: { email: 'ada@example.com' } }],
  ['createIndexes', TASKS, {}],
])('lets pass %s of %s %o', (name, place, body) => {
  expect(faultsOf(name, place, body)).toEqual([])
})

test.each([
  ['find', TASKS, { filter: { _id: 'A' } }],
  ['find', TASKS, { filter: { ws: { $gt: 'W' } } }],
  ['find', TASKS, { filter: { ws: '' } }],
  ['find', TASKS, { filter: { 'outbox.at': { $lte: 1 }, status: 'open' } }],
  ['find', TASKS, { filter: { $or: [{ ws: 'W' }, { _id: 'A' }] } }],
  ['aggregate', TASKS, { pipeline: [{ $limit: 1 }] }],
  ['insert', TASKS, { documents: [{ _id: 'A', ws: 'W' }, { _id: 'B' }] }],
  ['update', TASKS, { updates: [{ q: { _id: 'A' } }] }],
  ['update', TASKS, { updates: [{ q: { 'outbox.at': 1 }, multi: true }] }],
  ['delete', TASKS, { deletes: [{ q: { _id: 'A' }, limit: 1 }] }],
  ['findAndModify', TASKS, { query: { _id: 'A', v: 1 } }],
  ['update', 'tasks.events', { updates: [{ q: { stream: 'S' }, multi: true }] }],
])('refuses %s of %s %o', (name, place, body) => {
  expect(faultsOf(name, place, body)).toEqual([expect.stringContaining('goes to every shard')])
})

test('refuses_a_collection_of_which_nothing_says_whether_it_is_sharded', () => {
  expect(faultsOf('find', 'tasks.new', { filter: { ws: 'W' } })).toEqual([
    expect.stringContaining('nothing says whether it is sharded'),
  ])
})

test('knows_the_service_by_its_database', () => {
  expect(placeOf('t7_loops_queue', 'loops')).toBe('loops-queue.loops')
  expect(placeOf('loops_tasks', 'tasks')).toBe(TASKS)
  expect(placeOf('admin', 'tasks')).toBeUndefined()
})

test('an_index_is_unique_only_with_the_shard_key_in_front', () => {
  const tasks = { place: TASKS, key: { ws: 1 } } as const
  expect(mayBeUnique({ ws: 1, slot: 1 }, tasks)).toBe(true)
  expect(mayBeUnique({ slot: 1, ws: 1 }, tasks)).toBe(false)
  expect(mayBeUnique({ _id: 1 }, tasks)).toBe(true)
})

test('every_exception_is_of_a_sharded_collection_and_has_a_reason_and_a_cost', () => {
  const sharded = SHARDED.map(({ place }) => place)
  for (const { places, reason, cost } of EXCEPTIONS) {
    expect(sharded).toEqual(expect.arrayContaining([...places]))
    expect(reason.length).toBeGreaterThan(20)
    expect(cost.length).toBeGreaterThan(10)
  }
})
