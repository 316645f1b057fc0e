// A rolling upgrade: a replica that knows a new kind of event beside one of the release before, on the same durable consumer.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventFilter, eventSubject } from '../../shared/contracts/define/contract.ts'
import type { DeadLetter } from '../../shared/events/dead-letter-store.ts'
import { MAX_DELIVER } from '../../shared/events/deliveries.ts'
import { EVENTS_STREAM, openConsumer } from '../../shared/events/streams.ts'
import { type EventsEnvironment, MADE, openEventsEnvironment } from '../support/events-environment.ts'

const OLD = ['thing.made'] as const
const NEW = ['thing.made', 'thing.moved'] as const
const MANY = 5
/** The old replica may by chance receive one several times in a row. */
const SECONDS = { timeout: 60_000 }

let env: EventsEnvironment

beforeAll(async () => {
  env = await openEventsEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

const nothing = async (): Promise<void> => undefined
const idsOf = (name: string): string[] => Array.from({ length: MANY }, (_, n) => `${name}-${n}`)
const payloadOf = (type: string, id: string): string =>
  JSON.stringify({
    ...{ specversion: '1.0', id, source: '/loops/things', type, subject: id, workspaceid: 'W', sequence: 1 },
    ...{ time: '2026-01-01T00:00:00.000Z', datacontenttype: 'application/json', data: { id, name: id } },
  })
const publish = (type: string, id: string) =>
  env.bus.js.publish(eventSubject('things', type, 'W'), payloadOf(type, id))
const isDone = async (durable: string): Promise<boolean> => {
  const { num_pending, num_ack_pending } = await env.bus.jsm.consumers.info(EVENTS_STREAM, durable)
  return num_pending + num_ack_pending === 0
}
const filtersOf = async (durable: string) =>
  (await env.bus.jsm.consumers.info(EVENTS_STREAM, durable)).config.filter_subjects

test('the_new_release_handles_events_that_only_it_knows_and_nothing_is_lost', async () => {
  const seen = new Set<string>()
  await using _old = await env.consuming('upgrading', async ({ id }) => void seen.add(id), OLD)
  await using _new = await env.consuming('upgrading', async ({ id }) => void seen.add(id), NEW)
  const [made, moved] = [idsOf('made'), idsOf('moved')]
  for (const [n, id] of moved.entries()) {
    await publish('thing.moved', id)
    await publish('thing.made', made[n] as string)
  }
  await expect.poll(() => seen, SECONDS).toEqual(new Set([...made, ...moved]))
  await expect.poll(() => isDone('upgrading')).toBe(true)
  // The old replica received its share of them.
  const { delivered } = await env.bus.jsm.consumers.info(EVENTS_STREAM, 'upgrading')
  expect(delivered.consumer_seq).toBeGreaterThan(2 * MANY)
  expect(await env.deadOf('upgrading')).toEqual([])
})

test('a_replica_of_the_old_release_that_starts_again_takes_nothing_from_the_new_one', async () => {
  const seen = new Set<string>()
  const upgraded = await env.consuming('restarting', nothing, NEW)
  await upgraded[Symbol.asyncDispose]()
  const old = await env.consuming('restarting', nothing, OLD)
  expect(await filtersOf('restarting')).toEqual(NEW.map((name) => eventFilter('things', name)))
  await publish('thing.moved', 'between-releases')
  await publish('thing.made', 'after-it')
  await old[Symbol.asyncDispose]()
  await using _new = await env.consuming('restarting', async ({ id }) => void seen.add(id), NEW)
  await expect.poll(() => [...seen]).toContain('between-releases')
})

test('events_that_only_old_replicas_receive_wait_for_a_new_one_however_long_the_upgrade_takes', async () => {
  const durable = 'slowly'
  const row = async (): Promise<DeadLetter | undefined> => (await env.deadOf(durable))[0]
  await env.declare(durable, NEW)
  const consumer = await openConsumer(env.bus, durable)
  const { seq } = await publish('thing.moved', 'early')
  for (let taken = 0; taken < MAX_DELIVER - 1; ) {
    const message = await consumer.next({ expires: 5_000 })
    if (message?.seq === seq) taken += 1
    if (message?.seq === seq) message.nak()
    else message?.ack()
  }
  const old = await env.consuming(durable, nothing, OLD)
  await expect.poll(row).toMatchObject({ event_id: 'early', deliveries: MAX_DELIVER })
  // It retries what it can handle, and takes nothing else.
  await env.bus.js.publish(MADE, 'not json')
  await expect.poll(async () => (await env.deadOf(durable)).length).toBe(2)
  await old[Symbol.asyncDispose]()
  expect(await row()).not.toHaveProperty('redrives')
  const seen: string[] = []
  await using _new = await env.consuming(durable, async ({ id }) => void seen.push(id), NEW)
  await expect.poll(() => seen).toContain('early')
  await expect.poll(row).toHaveProperty('redriven_at')
})
