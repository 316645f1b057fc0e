// Dead letters that are tried again. One replica at a time does so, whatever the clocks of the machines say, and another
// takes over when it dies.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventFilter } from '../../shared/contracts/define/contract.ts'
import {
  DEAD_LETTERS,
  type DeadLetter,
  openDeadLetterList,
  openDeadLetters,
} from '../../shared/events/dead-letter-store.ts'
import { subjectPattern } from '../../shared/events/reactions.ts'
import { aheadOf, systemClock } from '../../shared/process/clock.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { type EventsEnvironment, MADE, openEventsEnvironment } from '../support/events-environment.ts'
import { ids } from '../support/service-environment.ts'

const OFF_MS = 5 * 60_000
const HOUR_MS = 60 * 60_000
const SUBJECTS = [subjectPattern(eventFilter('things', 'thing.made'))]

let env: EventsEnvironment
beforeAll(async () => {
  env = await openEventsEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

const rowsOf = (durable: string) => env.mongo.database(durable).collection<DeadLetter>(DEAD_LETTERS)
/** Ends every lease of a service. */
const endLeases = (durable: string) => rowsOf(durable).updateMany({}, { $set: { asked_at: new Date(0) } })

const clockOf = (durable: string, offset_ms = 0) =>
  openDatabaseClock(env.mongo.database(durable), aheadOf(systemClock, offset_ms))

/** The dead letters of a service, for a replica whose clock is off by `offset_ms`. */
const replicaOf = async (durable: string, offset_ms = 0) =>
  openDeadLetters(env.mongo.database(durable), {
    clock: await clockOf(durable, offset_ms),
    ids,
    term_ms: HOUR_MS,
  })

/** Stores dead letters that are to be tried again. */
const giveUp = async (durable: string, names: readonly string[]): Promise<void> => {
  const { put } = await replicaOf(durable)
  for (const name of names) {
    const payload = JSON.stringify({
      specversion: '1.0',
      id: name,
      source: '/loops/things',
      type: 'thing.made',
      subject: name,
      time: '2026-01-01T00:00:00.000Z',
      datacontenttype: 'application/json',
      workspaceid: 'W',
      sequence: 1,
      data: { id: name, name },
    })
    const row = { durable, subject: MADE, stream_seq: 1, event_id: name, payload, deliveries: 8 }
    await put({ ...row, reason: 'a test' }, true)
  }
}

describe('replicas that redrive at the same moment', () => {
  test('try_each_dead_letter_once_however_far_their_clocks_are_off', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `letter-${n}`)
    await giveUp('crowd', names)
    const tried: string[] = []
    const working = new Set<number>()
    const bothWork = Promise.withResolvers<void>()
    const replica = (offset_ms: number) =>
      env.consuming(
        'crowd',
        async ({ data }) => {
          tried.push(data.name)
          working.add(offset_ms)
          if (working.size === 2) bothWork.resolve()
          await bothWork.promise
        },
        ['thing.made'],
        { local: aheadOf(systemClock, offset_ms) },
      )
    await using _ = await replica(OFF_MS)
    await using __ = await replica(-OFF_MS)
    await expect
      .poll(() => rowsOf('crowd').countDocuments({ redriven_at: { $exists: true } }), { timeout: 30_000 })
      .toBe(names.length)
    expect(tried.toSorted()).toEqual(names.toSorted())
  })

  test('leave_a_dead_letter_to_a_reaction_that_takes_longer_than_a_lease', async () => {
    await giveUp('slow', ['long'])
    const tried: string[] = []
    const done = Promise.withResolvers<void>()
    const replica = () =>
      env.consuming(
        'slow',
        async ({ data }) => {
          tried.push(data.name)
          await done.promise
        },
        ['thing.made'],
        { term_ms: 4_000 },
      )
    await using _ = await replica()
    await using __ = await replica()
    await expect.poll(() => tried.length).toBe(1)
    const until = async () => (await rowsOf('slow').findOne({}))?.asked_at?.getTime() ?? 0
    const first = await until()
    await expect.poll(until, { timeout: 30_000 }).toBeGreaterThan(first + 5_000)
    done.resolve()
    await expect.poll(async () => await rowsOf('slow').findOne({})).toHaveProperty('redriven_at')
    expect(tried).toEqual(['long'])
  })
})

describe('a dead letter', () => {
  test('goes_to_another_replica_when_its_lease_ends_and_the_first_try_is_not_recorded', async () => {
    await giveUp('lost', ['it'])
    const [first, second] = [await replicaOf('lost', OFF_MS), await replicaOf('lost', -OFF_MS)]
    const before = await first.claim(SUBJECTS)
    expect(await second.claim(SUBJECTS)).toBeNull()
    await endLeases('lost')
    const after = await second.claim(SUBJECTS)
    if (!before || !after) throw new Error('It was free.')
    expect(after).toMatchObject({ redrives: 2, fence: 2 })
    await first.succeed(before)
    await first.refuse(before, 'too late')
    await first.release(before)
    expect(await rowsOf('lost').findOne({})).toMatchObject({
      claim: after.claim,
      redrives: 2,
      reason: 'a test',
    })
    await second.succeed(after)
    const redriven = await rowsOf('lost').findOne({})
    expect(redriven).toHaveProperty('redriven_at')
    for (const field of ['claim', 'asked_at']) expect(redriven).not.toHaveProperty(field)
  })

  test('that_kills_every_process_is_claimed_three_times_and_then_left', async () => {
    await giveUp('killer', ['it'])
    const { claim } = await replicaOf('killer')
    for (let tries = 1; tries <= 3; tries += 1) {
      expect(await claim(SUBJECTS)).toMatchObject({ redrives: tries })
      await endLeases('killer')
    }
    expect(await claim(SUBJECTS)).toBeNull()
    expect(await rowsOf('killer').findOne({})).not.toHaveProperty('asked_at')
  })

  test('that_cannot_be_tried_now_uses_up_no_try', async () => {
    await giveUp('held', ['it'])
    const { claim, release } = await replicaOf('held')
    for (let times = 0; times < 5; times += 1) {
      const row = await claim(SUBJECTS)
      expect(row).toMatchObject({ redrives: 1 })
      if (row) await release(row)
      expect(await claim(SUBJECTS)).toBeNull()
      await endLeases('held')
    }
  })

  test('requested_by_an_operator_is_tried_at_once_whatever_the_operator’s_clock_says', async () => {
    await giveUp('asked', ['it'])
    await rowsOf('asked').updateMany({}, { $unset: { asked_at: '' } })
    const { claim, succeed } = await replicaOf('asked', -OFF_MS)
    const deadLetters = openDeadLetterList(env.mongo.database('asked'), await clockOf('asked', OFF_MS))
    expect(await deadLetters.ask({})).toBe(1)
    const row = await claim(SUBJECTS)
    if (!row) throw new Error('It was asked for.')
    // Requested again or given up again during a try, it stays with the replica that tries it.
    expect(await deadLetters.ask({})).toBe(1)
    await giveUp('asked', ['it'])
    expect(await claim(SUBJECTS)).toBeNull()
    await succeed(row)
    expect(await rowsOf('asked').findOne({})).toHaveProperty('redriven_at')
  })
})
