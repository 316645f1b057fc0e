// From a document's outbox over the stream to a reaction, on real NATS and MongoDB.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import {
  type EventsEnvironment,
  eventsOf,
  MADE,
  openEventsEnvironment,
  type Thing,
  thing,
} from '../support/events-environment.ts'

let env: EventsEnvironment

beforeAll(async () => {
  env = await openEventsEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

test('published_with_its_version_and_removed_from_the_document', async () => {
  const { relay, store } = env.relaying()
  const seen: CloudEvent[] = []
  await using _ = await env.consuming('reader', async (event) => void seen.push(event as CloudEvent))
  const first = thing('one')
  const inserted = await store.insert(first, eventsOf(first))
  await store.save(inserted as Thing, { ...first, name: 'two' }, eventsOf({ ...first, name: 'two' }))
  await expect.poll(() => seen.filter(({ subject }) => subject === first._id).length).toBe(2)
  expect(
    seen.map(({ sequence, type, source, workspaceid }) => ({ sequence, type, source, workspaceid })),
  ).toEqual(
    [1, 2].map((sequence) => ({ sequence, type: 'thing.made', source: '/loops/things', workspaceid: 'W' })),
  )
  await expect.poll(env.waiting).toBe(0)
  await relay[Symbol.asyncDispose]()
})

test('a_stale_writer_changes_and_publishes_nothing', async () => {
  const { relay, store } = env.relaying()
  const one = thing('one')
  const before = (await store.insert(one, [])) as Thing
  expect(await store.save(before, { ...one, name: 'first' }, [])).toMatchObject({ v: 2, name: 'first' })
  expect(await store.save(before, { ...one, name: 'second' }, eventsOf(one))).toBeNull()
  expect(await env.collection.findOne({ _id: one._id })).toMatchObject({ v: 2, name: 'first', outbox: [] })
  await relay[Symbol.asyncDispose]()
})

test('what_a_killed_writer_left_is_published_by_another_instance', async () => {
  const silent = env.silent()
  const left = thing('left behind')
  await silent.insert(left, eventsOf(left))
  expect(await env.waiting()).toBe(1)
  const { relay } = env.relaying()
  await expect.poll(env.waiting, { timeout: 10_000 }).toBe(0)
  const message = await env.bus.jsm.streams.getMessage(EVENTS_STREAM, {
    last_by_subj: MADE,
  })
  expect(message?.json()).toMatchObject({ subject: left._id })
  await relay[Symbol.asyncDispose]()
})

test('two_relays_publish_an_event_once', async () => {
  const silent = env.silent()
  const many = Array.from({ length: 40 }, (_, index) => thing(`twice ${index}`))
  for (const one of many) await silent.insert(one, eventsOf(one))
  const before = (await env.bus.jsm.streams.info(EVENTS_STREAM)).state.messages
  const relays = [env.relaying(), env.relaying()]
  await expect.poll(env.waiting, { timeout: 10_000 }).toBe(0)
  expect((await env.bus.jsm.streams.info(EVENTS_STREAM)).state.messages).toBe(before + many.length)
  for (const { relay } of relays) await relay[Symbol.asyncDispose]()
})

/** Counts each publishing of an event until disposed, including repeats that the stream drops. */
const publishes = async () => {
  let count = 0
  const callback = (): void => {
    count += 1
  }
  const subscription = env.bus.nc.subscribe(MADE, { callback })
  await env.bus.nc.flush()
  return {
    count: async (): Promise<number> => {
      await env.bus.nc.flush()
      return count
    },
    [Symbol.dispose]: () => subscription.unsubscribe(),
  }
}

test('a_backlog_is_published_by_one_of_three_relays_and_by_another_when_that_one_stops', async () => {
  using counting = await publishes()
  const silent = env.silent()
  const many = Array.from({ length: 2_000 }, (_, index) => thing(`left ${index}`))
  for (let n = 0; n < many.length; n += 100)
    await Promise.all(many.slice(n, n + 100).map((one) => silent.insert(one, eventsOf(one))))
  // A relay that was killed right after it took the turn.
  expect(await env.turns().take(silent.outbox.name)).toBe(true)
  const relays = [env.relaying(), env.relaying(), env.relaying()]
  const [first] = relays
  await expect.poll(env.waiting, { timeout: 30_000 }).toBeLessThan(many.length)
  await first?.relay[Symbol.asyncDispose]()
  await expect.poll(env.waiting, { timeout: 30_000 }).toBe(0)
  expect(await counting.count()).toBeLessThan(1.5 * many.length)
  const inStream = new Set(await env.inStream())
  const journaled = new Map((await env.journaled()).map(({ _id, event }) => [event.subject, _id]))
  expect(many.filter(({ _id }) => !inStream.has(journaled.get(_id) ?? ''))).toEqual([])
  for (const { relay } of relays.slice(1)) await relay[Symbol.asyncDispose]()
}, 90_000)

test('what_is_written_while_another_has_the_turn_is_published_at_once', async () => {
  const { relay, store } = env.relaying()
  const holder = env.turns()
  const one = thing('fresh')
  expect(await holder.take(store.outbox.name)).toBe(true)
  await store.insert(one, eventsOf(one))
  await expect.poll(() => env.collection.findOne({ _id: one._id })).toMatchObject({ outbox: [] })
  // Nobody had the turn meanwhile.
  expect(await holder.take(store.outbox.name)).toBe(true)
  await holder.release(store.outbox.name)
  await relay[Symbol.asyncDispose]()
})

test('a_full_outbox_refuses_the_change_instead_of_dropping_an_event', async () => {
  const silent = env.silent()
  const one = thing('chatty')
  let document = (await silent.insert(one, [])) as Thing
  for (let batch = 0; batch < 4; batch += 1)
    document = (await silent.save(
      document,
      one,
      Array.from({ length: 25 }, () => eventsOf(one)).flat(),
    )) as Thing
  expect(document.outbox).toHaveLength(100)
  await expect(silent.save(document, { ...one, name: 'more' }, eventsOf(one))).rejects.toMatchObject({
    code: 'unavailable',
  })
  expect(await env.collection.findOne({ _id: one._id })).toMatchObject({ v: 5, name: 'chatty' })
  const { relay } = env.relaying()
  await expect.poll(env.waiting, { timeout: 10_000 }).toBe(0)
  await relay[Symbol.asyncDispose]()
})
