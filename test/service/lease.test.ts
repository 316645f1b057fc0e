// Leases on a real database. The clocks of holders do not count, a lease has one holder, and a lost one cannot be
// renewed, completed or given back.
import { expect, test } from 'vitest'
import { aheadOf, systemClock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { openPendingWork, type Work } from '../../shared/storage/pending-work.ts'
import { ids } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'

const ROOM = { room: 10, reserve: 0, inHand: [] }
const HOUR_MS = 60 * 60_000

/** Holders of the same work, on machines whose clocks are off by these amounts (ms). */
const openHolders = async (stack: AsyncDisposableStack, offsets_ms: readonly number[], term_ms = HOUR_MS) => {
  const log = createLog({ filter: 'error', topic: 'test' })
  const db = stack.use(await connectMongo(freshStack().mongodbUrl, log)).database('notifier')
  const works = db.collection<Work>('works')
  await works.createIndex({ ws: 1, due_at: 1 }, { name: 'turn' })
  const holders = offsets_ms.map(async (offset_ms) => {
    const clock = await openDatabaseClock(db, aheadOf(systemClock, offset_ms))
    const shares = [{ field: 'ws', most: () => 10 }]
    const options = { lanes: [{}], index: 'turn', shares, kept_ms: HOUR_MS, choice: 1, term_ms }
    return { clock, ...openPendingWork(works, { clock, ids }, options) }
  })
  const add = async (count: number): Promise<void> => {
    const { localTime } = await db.command({ hello: 1 })
    // In the past: a holder advances the database's time by itself, late by the latency of the answer.
    const due_at = new Date(localTime.getTime() - 60_000)
    await works.insertMany(
      Array.from({ length: count }, () => ({
        _id: ids.next(),
        ws: 'W',
        v: 1,
        status: 'pending',
        attempts: 0,
        due_at,
      })),
    )
  }
  return { works, add, holders: await Promise.all(holders) }
}

test('work_has_one_holder_however_far_apart_their_clocks_are', async () => {
  await using stack = new AsyncDisposableStack()
  const { add, holders } = await openHolders(stack, [-HOUR_MS * 2, 0, HOUR_MS * 2])
  await add(9)
  const claimed: string[] = []
  // Holders that claim at once may choose the same work; a few rounds hand out all.
  for (let round = 0; round < 9 && claimed.length < 9; round += 1) {
    const claims = await Promise.all([...holders, ...holders].map(({ claim }) => claim(ROOM)))
    claimed.push(...claims.flatMap((one) => one.claimed.map(({ work }) => work._id)))
  }
  expect(claimed).toHaveLength(9)
  expect(new Set(claimed).size).toBe(9)
  for (const { claim } of holders) expect((await claim(ROOM)).claimed).toEqual([])
})

test('an_expired_lease_is_taken_over_with_a_larger_fence_and_lost_to_its_former_holder', async () => {
  await using stack = new AsyncDisposableStack()
  const { add, works, holders } = await openHolders(stack, [0, 0])
  const [first, second] = holders
  if (!first || !second) throw new Error('Two were asked for.')
  await add(1)
  const [before] = (await first.claim(ROOM)).claimed
  if (!before) throw new Error('It was free.')
  await works.updateMany({}, { $set: { due_at: new Date(0) } })
  const [after] = (await second.claim(ROOM)).claimed
  expect(after?.work).toMatchObject({ fence: 2, attempts: 2 })
  expect((await first.renew([before.work])).ids).toEqual(new Set())
  const end = { work: before.work, set: { status: 'sent' }, counted: true }
  expect(await first.record([end])).toBe(1)
  await first.release([before.work], new Date(0))
  expect(await works.findOne({})).toMatchObject({ status: 'sending', claim: after?.work.claim, fence: 2 })
})

test('an_expired_lease_that_nobody_took_still_belongs_to_its_holder', async () => {
  await using stack = new AsyncDisposableStack()
  const { add, works, holders } = await openHolders(stack, [0])
  const [holder] = holders
  await add(1)
  const [held] = (await holder?.claim(ROOM))?.claimed ?? []
  if (!holder || !held) throw new Error('It was free.')
  await works.updateMany({}, { $set: { due_at: new Date(0) } })
  expect((await holder.renew([held.work])).ids).toEqual(new Set([held.work._id]))
  expect((await holder.claim(ROOM)).claimed).toEqual([])
})

test('a_renewal_never_shortens_a_lease_and_changes_nothing_else', async () => {
  await using stack = new AsyncDisposableStack()
  const { add, works, holders } = await openHolders(stack, [0])
  const [holder] = holders
  await add(1)
  const [held] = (await holder?.claim(ROOM))?.claimed ?? []
  if (!holder || !held) throw new Error('It was free.')
  const far = new Date(Date.UTC(2100, 0))
  await works.updateMany({}, { $set: { due_at: far } })
  await holder.renew([held.work])
  expect(await works.findOne({})).toEqual({ ...held.work, due_at: far })
})

test('a_holder_relies_on_a_lease_for_less_than_it_lasts', async () => {
  await using stack = new AsyncDisposableStack()
  const { add, holders } = await openHolders(stack, [HOUR_MS])
  const [holder] = holders
  await add(1)
  const before_ms = holder?.clock.monotonicMs() ?? 0
  const [held] = (await holder?.claim(ROOM))?.claimed ?? []
  expect((held?.until_ms ?? 0) - before_ms).toBeLessThan(HOUR_MS * 0.8)
  expect((held?.until_ms ?? 0) - before_ms).toBeGreaterThan(HOUR_MS * 0.7)
})
