// Events between the stream and the journal. Processes die between the two, a stream loses its end or everything, and
// some documents hold events that nothing accepts.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import {
  type EventsEnvironment,
  eventsOf,
  MADE,
  openEventsEnvironment,
  thing,
} from '../support/events-environment.ts'

const FAR_OFF = new Date('2100-01-01')
let env: EventsEnvironment

beforeAll(async () => {
  env = await openEventsEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

/** Waits until every published event is in the stream. */
const checked = () =>
  expect
    .poll(async () => (await env.journaled()).every(({ check_at }) => check_at === undefined), {
      timeout: 20_000,
    })
    .toBe(true)
test('a_published_event_is_in_the_journal_before_it_leaves_its_document', async () => {
  await env.publish(5)
  expect(await env.journaledIds()).toEqual((await env.inStream()).toSorted())
  await checked()
})

test('nothing_is_republished_without_a_loss', async () => {
  const { relay, store } = env.relaying()
  await using _ = relay
  const writer = async () => {
    for (let n = 0; n < 50; n += 1) {
      const one = thing(`busy ${n}`)
      await store.insert(one, eventsOf(one))
    }
  }
  await Promise.all(Array.from({ length: 20 }, writer))
  await expect.poll(env.waiting, { timeout: 30_000 }).toBe(0)
  await checked()
  expect(env.lines.filter((line) => line.includes('published events again'))).toEqual([])
})

test('an_event_is_published_once_when_its_process_died_between_the_stream_and_the_document', async () => {
  const one = thing('half published')
  const document = await env.silent().insert(one, eventsOf(one))
  const [waiting] = document?.outbox ?? []
  if (!waiting) throw new Error('no event waits')
  await env.bus.js.publish(MADE, JSON.stringify(waiting.event), { msgID: waiting.id })
  await using _ = env.relaying().relay
  await expect.poll(env.waiting).toBe(0)
  expect((await env.inStream()).filter((id) => id === waiting.id)).toHaveLength(1)
  expect(await env.journaledIds()).toContain(waiting.id)
})

test('an_event_leaves_its_document_when_its_process_died_between_the_journal_and_the_document', async () => {
  await env.publish(1)
  const [last] = (await env.journaled()).slice(-1)
  const one = thing('written down')
  const document = await env.silent().insert(one, eventsOf(one))
  const [waiting] = document?.outbox ?? []
  if (!waiting || !last) throw new Error('no event waits')
  const { id, ...event } = waiting
  const { seq, stream, expires_at } = last
  await env.journalOf().insertOne({ _id: id, ...event, seq, stream, expires_at })
  await using _ = env.relaying().relay
  await expect.poll(env.waiting).toBe(0)
})

test('what_the_stream_lost_at_its_end_is_republished', async () => {
  await env.publish(3)
  await checked()
  const { state } = await env.bus.jsm.streams.info(EVENTS_STREAM)
  await env.publish(2)
  // Gone before it was looked for there, as after a power cut.
  for (const seq of [state.last_seq + 1, state.last_seq + 2])
    expect(await env.bus.jsm.streams.deleteMessage(EVENTS_STREAM, seq)).toBe(true)
  await env.forgetIds()
  const all = await env.journaledIds()
  await expect.poll(async () => (await env.inStream()).toSorted(), { timeout: 20_000 }).toEqual(all)
  expect((await env.bus.jsm.streams.info(EVENTS_STREAM)).state.last_seq).toBe(state.last_seq + 4)
  await checked()
})

test('everything_is_republished_to_an_emptied_stream', async () => {
  await env.publish(4)
  const before = await env.journaledIds()
  await env.forgetIds()
  await env.bus.jsm.streams.purge(EVENTS_STREAM)
  await expect.poll(async () => (await env.inStream()).toSorted(), { timeout: 20_000 }).toEqual(before)
  await checked()
})

test('a_deleted_stream_is_recreated_and_refilled_and_its_consumers_read_on', async () => {
  const seen: string[] = []
  await using _ = await env.consuming('staying', async ({ id }) => void seen.push(id))
  await env.publish(3)
  const before = await env.journaledIds()
  await expect.poll(() => new Set(seen).size).toBe(before.length)
  seen.length = 0
  await env.bus.jsm.streams.delete(EVENTS_STREAM)
  await expect.poll(() => [...new Set(seen)].toSorted(), { timeout: 20_000 }).toEqual(before)
  await env.publish(1)
  await expect.poll(() => new Set(seen).size).toBe(before.length + 1)
  expect((await env.inStream()).toSorted()).toEqual(await env.journaledIds())
})

test('an_event_that_the_stream_refuses_keeps_no_other_from_being_republished', async () => {
  await env.publish(2)
  const [row] = await env.journaled()
  if (!row) throw new Error('the journal is empty')
  const subject = 'nowhere.that.a.stream.listens'
  await env.journalOf().insertOne({ ...row, _id: 'REFUSED', subject, stream: '', check_at: FAR_OFF })
  const before = (await env.journaledIds()).filter((id) => id !== 'REFUSED')
  await env.bus.jsm.streams.delete(EVENTS_STREAM)
  await expect.poll(async () => (await env.inStream()).toSorted(), { timeout: 20_000 }).toEqual(before)
  const unchecked = async () => (await env.journaled()).filter(({ check_at }) => check_at)
  await expect
    .poll(async () => (await unchecked()).map(({ _id }) => _id), { timeout: 20_000 })
    .toEqual(['REFUSED'])
  await env.journalOf().deleteOne({ _id: 'REFUSED' })
})

test('a_deleted_consumer_is_recreated_and_goes_on', async () => {
  const seen: string[] = []
  await using _ = await env.consuming('removed', async ({ id }) => void seen.push(id))
  await expect.poll(() => seen.length).toBeGreaterThan(0)
  await env.bus.jsm.consumers.delete(EVENTS_STREAM, 'removed')
  await env.publish(1)
  const [last] = (await env.inStream()).slice(-1)
  await expect.poll(() => seen, { timeout: 20_000 }).toContain(last)
})

test('documents_whose_events_cannot_be_published_hold_up_no_others', async () => {
  const silent = env.silent()
  const tooLarge = 'x'.repeat(env.bus.nc.info?.max_payload ?? 0)
  const stuck = Array.from({ length: 33 }, () => thing(tooLarge))
  for (const one of stuck) await silent.insert(one, eventsOf(one))
  const behind = thing('behind them')
  await silent.insert(behind, eventsOf(behind))
  await using _ = env.relaying().relay
  await expect.poll(async () => (await env.collection.findOne({ _id: behind._id }))?.outbox).toEqual([])
  expect(await env.waiting()).toBe(stuck.length)
  await expect.poll(() => env.lines.join(), { timeout: 20_000 }).toContain('cannot be published; others can')
  await env.collection.deleteMany({ name: tooLarge })
})
