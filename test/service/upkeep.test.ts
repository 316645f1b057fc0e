// The upkeep of a service with several replicas: one does it, and another goes on when that one dies, is paused or stops.
import { expect, test, vi } from 'vitest'
import { connectBus } from '../../shared/bus/connect.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { openJournal } from '../../shared/events/journal-store.ts'
import { startRelay } from '../../shared/events/outbox.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { repeat } from '../../shared/process/lifecycle.ts'
import { createLog } from '../../shared/process/log.ts'
import { aggregates, OUTBOX_INDEX } from '../../shared/storage/aggregate.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { openSweepTurns } from '../../shared/storage/sweep-turns.ts'
import { eventsOf, type Thing, thing } from '../support/events-environment.ts'
import { ids, openEnvironment } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'

const LIMIT = { timeout: 40_000, interval: 50 }
// Several processes start, which is slow while other test files do the same.
vi.setConfig({ testTimeout: 120_000 })

type Turn = { _id: string; claim?: string; looks?: number; fence: number }
type Tombstone = { _id: string; deleted_at: Date; passes: number; due_at: Date }

const log = createLog({ filter: 'error', topic: 'test' })

/** The tasks service on a stack of its own, its turn, and work for whoever has it. */
const openReplicas = async (stack: AsyncDisposableStack) => {
  const env = stack.use(await openEnvironment())
  const db = stack.use(await connectMongo(env.mongodbUrl, log)).database(tasks.name)
  const turn = () => db.collection<Turn>('sweeps').findOne({ _id: 'upkeep' })
  const holder = async (): Promise<string | undefined> => (await turn())?.claim
  const tombstones = db.collection<Tombstone>('deleted_workspaces')
  return {
    env,
    holder,
    looks: async (): Promise<number> => (await turn())?.looks ?? 0,
    /** Waits for a holder other than this one. */
    nextHolder: async (before?: string): Promise<string> => {
      await expect.poll(holder, LIMIT).toSatisfy((now) => now !== undefined && now !== before)
      return (await holder()) as string
    },
    /** Leaves work, and waits until it is done. */
    workIsDone: async (): Promise<void> => {
      const _id = ids.next()
      const past = new Date(Date.now() - 60_000)
      await tombstones.insertOne({ _id, deleted_at: past, passes: 0, due_at: past })
      await expect.poll(async () => (await tombstones.findOne({ _id }))?.passes, LIMIT).toBe(1)
    },
  }
}

test('one_replica_has_the_turn_and_another_goes_on_when_it_is_killed', async () => {
  await using stack = new AsyncDisposableStack()
  const { env, holder, looks, nextHolder, workIsDone } = await openReplicas(stack)
  const { died, kill } = await env.startFaulty(tasks.name)
  const first = await nextHolder()
  await env.start(tasks.name, 2)
  // Both others have looked, and left the turn where it was.
  await expect.poll(looks, LIMIT).toBeGreaterThanOrEqual(4)
  expect(await holder()).toBe(first)
  await workIsDone()
  kill()
  await died
  await nextHolder(first)
  await workIsDone()
})

test('a_paused_replica_loses_the_turn_and_does_not_take_it_back_when_it_goes_on', async () => {
  await using stack = new AsyncDisposableStack()
  const { env, holder, looks, nextHolder, workIsDone } = await openReplicas(stack)
  const paused = await env.startFaulty(tasks.name)
  const first = await nextHolder()
  await env.start(tasks.name)
  paused.pause()
  const second = await nextHolder(first)
  await workIsDone()
  const looked = await looks()
  paused.resume()
  // Only a replica without the turn is counted: the one that was paused has noticed.
  await expect.poll(looks, LIMIT).toBeGreaterThan(looked)
  expect(await holder()).toBe(second)
  await workIsDone()
})

test('a_replica_that_stops_gives_its_turn_back', async () => {
  await using stack = new AsyncDisposableStack()
  const { env, holder, nextHolder, workIsDone } = await openReplicas(stack)
  const running = await env.start(tasks.name)
  const first = await nextHolder()
  await running[Symbol.asyncDispose]()
  expect(await holder()).toBeUndefined()
  await env.start(tasks.name)
  await nextHolder(first)
  await workIsDone()
})

test('a_relay_that_reaches_no_stream_lets_another_go_first', async () => {
  await using stack = new AsyncDisposableStack()
  // Nobody makes the stream here.
  const { natsUrl, mongodbUrl } = freshStack()
  const bus = stack.use(await connectBus(natsUrl, 'things', log))
  const db = stack.use(await connectMongo(mongodbUrl, log)).database('things')
  const opened = await openCollection<Thing>(db, 'things', { indexes: [OUTBOX_INDEX] })
  const newTurns = await openSweepTurns(db, { clock: await openDatabaseClock(db, systemClock), ids })
  let passed = 0
  const upkeep = { repeat, passOn: () => void passed++ }
  const journal = await openJournal(db)
  const options = { clock: systemClock, random: ids.random, journal, check_after_ms: 1_000, upkeep }
  const relay = stack.use(
    startRelay(bus, { ...options, turns: newTurns(), stream: () => 'none', at: () => undefined }),
  )
  const writes = { service: 'things', clock: systemClock, ids, onCommit: relay.onCommit }
  const store = aggregates(opened, writes)
  relay.watch(store.outbox)
  const one = thing('waiting')
  await store.insert(one, eventsOf(one))
  await expect.poll(() => passed, LIMIT).toBe(1)
})

test('a_look_takes_a_free_turn_and_says_of_a_taken_one_when_it_ends_and_how_often_others_looked', async () => {
  await using stack = new AsyncDisposableStack()
  const db = stack.use(await connectMongo(freshStack().mongodbUrl, log)).database(tasks.name)
  const term_ms = 60_000
  const open = await openSweepTurns(db, { clock: await openDatabaseClock(db, systemClock), ids, term_ms })
  const [a, b, c] = [open(), open(), open()]
  const before_ms = systemClock.monotonicMs()
  const held = await a.look('turn')
  const relied_ms = (held.until_ms ?? 0) - before_ms
  // Less than the term: it ends before anybody else can take it.
  expect(relied_ms).toBeLessThan(term_ms)
  expect(relied_ms).toBeGreaterThan(0)
  expect((await a.look('turn')).until_ms).toBeGreaterThanOrEqual(held.until_ms as number)
  const [first, second] = [await b.look('turn'), await c.look('turn')]
  // The first look, which found the turn free, is counted too.
  expect([first, second]).toMatchObject([
    { until_ms: undefined, looks: 2 },
    { until_ms: undefined, looks: 3 },
  ])
  expect(first).toHaveProperty('ends_in_ms')
  await a.release('turn')
  expect((await b.look('turn')).until_ms).toBeDefined()
  expect((await a.look('turn')).until_ms).toBeUndefined()
})
