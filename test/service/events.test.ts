// From a document's outbox over the stream to a reaction, on real NATS and MongoDB.
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { type Aggregate, aggregates, OUTBOX_INDEX } from '../../shared/aggregate.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { consume, on } from '../../shared/bus/consume.ts'
import { startRelay } from '../../shared/bus/outbox.ts'
import { EVENTS_STREAM, ensureEventStream } from '../../shared/bus/streams.ts'
import { systemClock as clock } from '../../shared/clock.ts'
import type { CloudEvent } from '../../shared/cloud-event.ts'
import { defineContract, event, eventSubject } from '../../shared/contract.ts'
import { systemIds } from '../../shared/ids.ts'
import { createLog } from '../../shared/log.ts'
import { connectMongo, ensureIndexes, type Mongo } from '../../shared/mongo.ts'
import { freshStack } from '../support/stack.ts'

type Thing = Aggregate & { name: string }
const made = event({
  description: 'A thing was made.',
  subject: 'id',
  data: z.object({ id: z.string(), name: z.string() }),
})
const contract = defineContract({
  name: 'things',
  version: '1.0.0',
  description: 'What the tests of events tell.',
  operations: {},
  events: { 'thing.made': made },
})
const stack = freshStack()
const ids = systemIds()
const lines: string[] = []
const log = createLog({ filter: 'warn', topic: 'test', pretty: false, write: (line) => lines.push(line) })
let bus: Bus
let mongo: Mongo
const thing = (name: string) => ({ _id: ids.next(), ws: 'W', name })
const toldOf = ({ _id, name }: { _id: string; name: string }) => [
  { name: 'thing.made', data: { id: _id, name } },
]
const collection = () => mongo.database('things').collection<Thing>('things')
const relaying = () => {
  const relay = startRelay(bus, { clock, random: ids.random })
  const store = aggregates(collection(), { service: 'things', clock, ids, onCommit: relay.onCommit })
  relay.watch(store.outbox)
  return { relay, store }
}
const waitingIn = async (): Promise<number> => collection().countDocuments({ 'outbox.0': { $exists: true } })

beforeAll(async () => {
  bus = await connectBus(stack.natsUrl, 'things', log)
  mongo = await connectMongo(stack.mongodbUrl, log)
  await Promise.all([ensureEventStream(bus, 1), ensureEventStream(bus, 1)])
  await ensureIndexes(collection(), [OUTBOX_INDEX])
})
afterAll(async () => {
  await mongo[Symbol.asyncDispose]()
  await bus[Symbol.asyncDispose]()
})

test('told_with_its_version_and_taken_out_of_the_document', async () => {
  const { relay, store } = relaying()
  const seen: CloudEvent[] = []
  await using _ = await consume(bus, 'reader', [
    on(contract, 'thing.made', async (told) => void seen.push(told as CloudEvent)),
  ])
  const first = thing('one')
  const inserted = await store.insert(first, toldOf(first))
  await store.save(inserted as Thing, { ...first, name: 'two' }, toldOf({ ...first, name: 'two' }))
  await expect.poll(() => seen.filter(({ subject }) => subject === first._id).length).toBe(2)
  expect(
    seen.map(({ sequence, type, source, workspaceid }) => ({ sequence, type, source, workspaceid })),
  ).toEqual(
    [1, 2].map((sequence) => ({ sequence, type: 'thing.made', source: '/loops/things', workspaceid: 'W' })),
  )
  await expect.poll(waitingIn).toBe(0)
  await relay[Symbol.asyncDispose]()
})

test('a_stale_writer_changes_and_tells_nothing', async () => {
  const { relay, store } = relaying()
  const one = thing('one')
  const before = (await store.insert(one, [])) as Thing
  expect(await store.save(before, { ...one, name: 'first' }, [])).toMatchObject({ v: 2, name: 'first' })
  expect(await store.save(before, { ...one, name: 'second' }, toldOf(one))).toBeNull()
  expect(await collection().findOne({ _id: one._id })).toMatchObject({ v: 2, name: 'first', outbox: [] })
  await relay[Symbol.asyncDispose]()
})

test('what_a_killed_writer_left_is_told_by_another_instance', async () => {
  const silent = aggregates(collection(), { service: 'things', clock, ids, onCommit: () => undefined })
  const left = thing('left behind')
  await silent.insert(left, toldOf(left))
  expect(await waitingIn()).toBe(1)
  const { relay } = relaying()
  await expect.poll(waitingIn, { timeout: 10_000 }).toBe(0)
  const message = await bus.jsm.streams.getMessage(EVENTS_STREAM, {
    last_by_subj: eventSubject('things', 'thing.made', 'W'),
  })
  expect(message?.json()).toMatchObject({ subject: left._id })
  await relay[Symbol.asyncDispose]()
})

test('two_relays_tell_an_event_once', async () => {
  const silent = aggregates(collection(), { service: 'things', clock, ids, onCommit: () => undefined })
  const many = Array.from({ length: 40 }, (_, index) => thing(`twice ${index}`))
  for (const one of many) await silent.insert(one, toldOf(one))
  const before = (await bus.jsm.streams.info(EVENTS_STREAM)).state.messages
  const relays = [relaying(), relaying()]
  await expect.poll(waitingIn, { timeout: 10_000 }).toBe(0)
  expect((await bus.jsm.streams.info(EVENTS_STREAM)).state.messages).toBe(before + many.length)
  for (const { relay } of relays) await relay[Symbol.asyncDispose]()
})

test('a_failed_reaction_is_tried_again_and_poison_is_put_aside', async () => {
  const tries: string[] = []
  await using _ = await consume(bus, 'stumbler', [
    on(contract, 'thing.made', async ({ data }) => {
      tries.push(data.name)
      if (data.name === 'hard' && tries.filter((name) => name === 'hard').length === 1)
        throw new Error('not yet')
    }),
  ])
  const subject = eventSubject('things', 'thing.made', 'W')
  await bus.js.publish(subject, 'not json')
  await bus.js.publish(subject, JSON.stringify({ specversion: '1.0', id: 'x' }))
  const { relay, store } = relaying()
  for (const name of ['hard', 'easy']) {
    const one = thing(name)
    await store.insert(one, toldOf(one))
  }
  await expect.poll(() => tries.filter((name) => name === 'hard').length, { timeout: 10_000 }).toBe(2)
  expect(tries.filter((name) => name === 'easy')).toHaveLength(1)
  await expect.poll(() => lines.filter((line) => line.includes('event given up')).length).toBe(2)
  await relay[Symbol.asyncDispose]()
})

test('a_full_outbox_refuses_the_change_instead_of_dropping_an_event', async () => {
  const silent = aggregates(collection(), { service: 'things', clock, ids, onCommit: () => undefined })
  const one = thing('chatty')
  let document = (await silent.insert(one, [])) as Thing
  for (let batch = 0; batch < 4; batch += 1)
    document = (await silent.save(
      document,
      one,
      Array.from({ length: 25 }, () => toldOf(one)).flat(),
    )) as Thing
  expect(document.outbox).toHaveLength(100)
  await expect(silent.save(document, { ...one, name: 'more' }, toldOf(one))).rejects.toMatchObject({
    code: 'unavailable',
  })
  expect(await collection().findOne({ _id: one._id })).toMatchObject({ v: 5, name: 'chatty' })
  const { relay } = relaying()
  await expect.poll(waitingIn, { timeout: 10_000 }).toBe(0)
  await relay[Symbol.asyncDispose]()
})
