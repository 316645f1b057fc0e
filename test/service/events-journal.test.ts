// What becomes of events between the stream and the journal: processes that die between the two, a stream that loses its end
// or all it had, and documents whose events nothing will take.
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
let bed: EventsEnvironment

beforeAll(async () => {
  bed = await openEventsEnvironment()
})
afterAll(() => bed?.[Symbol.asyncDispose]())

/** Until every told event was found in the stream. */
const checked = () =>
  expect
    .poll(async () => (await bed.journaled()).every(({ check_at }) => check_at === undefined), {
      timeout: 20_000,
    })
    .toBe(true)
test('a_told_event_is_in_the_journal_before_it_leaves_its_document', async () => {
  await bed.publish(5)
  expect(await bed.journaledIds()).toEqual((await bed.inStream()).toSorted())
  await checked()
})

test('nothing_is_told_again_while_all_is_well', async () => {
  const { relay, store } = bed.relaying()
  await using _ = relay
  const writer = async () => {
    for (let n = 0; n < 50; n += 1) {
      const one = thing(`busy ${n}`)
      await store.insert(one, eventsOf(one))
    }
  }
  await Promise.all(Array.from({ length: 20 }, writer))
  await expect.poll(bed.waiting, { timeout: 30_000 }).toBe(0)
  await checked()
  expect(bed.lines.filter((line) => line.includes('published events again'))).toEqual([])
})

test('an_event_is_told_once_when_its_process_died_between_the_stream_and_the_document', async () => {
  const one = thing('half told')
  const document = await bed.silent().insert(one, eventsOf(one))
  const [waiting] = document?.outbox ?? []
  if (!waiting) throw new Error('no event waits')
  await bed.bus.js.publish(MADE, JSON.stringify(waiting.event), { msgID: waiting.id })
  await using _ = bed.relaying().relay
  await expect.poll(bed.waiting).toBe(0)
  expect((await bed.inStream()).filter((id) => id === waiting.id)).toHaveLength(1)
  expect(await bed.journaledIds()).toContain(waiting.id)
})

test('an_event_leaves_its_document_when_its_process_died_between_the_journal_and_the_document', async () => {
  await bed.publish(1)
  const [last] = (await bed.journaled()).slice(-1)
  const one = thing('written down')
  const document = await bed.silent().insert(one, eventsOf(one))
  const [waiting] = document?.outbox ?? []
  if (!waiting || !last) throw new Error('no event waits')
  const { id, ...event } = waiting
  const { seq, stream, expires_at } = last
  await bed.journalOf().insertOne({ _id: id, ...event, seq, stream, expires_at })
  await using _ = bed.relaying().relay
  await expect.poll(bed.waiting).toBe(0)
})

test('what_the_stream_lost_at_its_end_is_told_again', async () => {
  await bed.publish(3)
  await checked()
  const { state } = await bed.bus.jsm.streams.info(EVENTS_STREAM)
  await bed.publish(2)
  // Gone before it was looked for there, as after a power cut.
  for (const seq of [state.last_seq + 1, state.last_seq + 2])
    expect(await bed.bus.jsm.streams.deleteMessage(EVENTS_STREAM, seq)).toBe(true)
  await bed.forgetIds()
  const all = await bed.journaledIds()
  await expect.poll(async () => (await bed.inStream()).toSorted(), { timeout: 20_000 }).toEqual(all)
  expect((await bed.bus.jsm.streams.info(EVENTS_STREAM)).state.last_seq).toBe(state.last_seq + 4)
  await checked()
})

test('a_stream_that_was_emptied_is_told_everything_again', async () => {
  await bed.publish(4)
  const before = await bed.journaledIds()
  await bed.forgetIds()
  await bed.bus.jsm.streams.purge(EVENTS_STREAM)
  await expect.poll(async () => (await bed.inStream()).toSorted(), { timeout: 20_000 }).toEqual(before)
  await checked()
})

test('a_stream_that_was_deleted_is_made_again_told_everything_and_read_on_by_its_consumers', async () => {
  const seen: string[] = []
  await using _ = await bed.consuming('staying', async ({ id }) => void seen.push(id))
  await bed.publish(3)
  const before = await bed.journaledIds()
  await expect.poll(() => new Set(seen).size).toBe(before.length)
  seen.length = 0
  await bed.bus.jsm.streams.delete(EVENTS_STREAM)
  await expect.poll(() => [...new Set(seen)].toSorted(), { timeout: 20_000 }).toEqual(before)
  await bed.publish(1)
  await expect.poll(() => new Set(seen).size).toBe(before.length + 1)
  expect((await bed.inStream()).toSorted()).toEqual(await bed.journaledIds())
})

test('an_event_that_the_stream_does_not_take_keeps_no_other_from_being_told_again', async () => {
  await bed.publish(2)
  const [row] = await bed.journaled()
  if (!row) throw new Error('the journal is empty')
  const subject = 'nowhere.that.a.stream.listens'
  await bed.journalOf().insertOne({ ...row, _id: 'REFUSED', subject, stream: '', check_at: FAR_OFF })
  const before = (await bed.journaledIds()).filter((id) => id !== 'REFUSED')
  await bed.bus.jsm.streams.delete(EVENTS_STREAM)
  await expect.poll(async () => (await bed.inStream()).toSorted(), { timeout: 20_000 }).toEqual(before)
  const unchecked = async () => (await bed.journaled()).filter(({ check_at }) => check_at)
  await expect
    .poll(async () => (await unchecked()).map(({ _id }) => _id), { timeout: 20_000 })
    .toEqual(['REFUSED'])
  await bed.journalOf().deleteOne({ _id: 'REFUSED' })
})

test('a_consumer_that_was_deleted_is_made_again_and_goes_on', async () => {
  const seen: string[] = []
  await using _ = await bed.consuming('removed', async ({ id }) => void seen.push(id))
  await expect.poll(() => seen.length).toBeGreaterThan(0)
  await bed.bus.jsm.consumers.delete(EVENTS_STREAM, 'removed')
  await bed.publish(1)
  const [last] = (await bed.inStream()).slice(-1)
  await expect.poll(() => seen, { timeout: 20_000 }).toContain(last)
})

test('documents_whose_events_cannot_be_published_hold_nobody_up', async () => {
  const silent = bed.silent()
  const tooLarge = 'x'.repeat(bed.bus.nc.info?.max_payload ?? 0)
  const stuck = Array.from({ length: 33 }, () => thing(tooLarge))
  for (const one of stuck) await silent.insert(one, eventsOf(one))
  const behind = thing('behind them')
  await silent.insert(behind, eventsOf(behind))
  await using _ = bed.relaying().relay
  await expect.poll(async () => (await bed.collection.findOne({ _id: behind._id }))?.outbox).toEqual([])
  expect(await bed.waiting()).toBe(stuck.length)
  await expect.poll(() => bed.lines.join(), { timeout: 20_000 }).toContain('cannot be published; others can')
  await bed.collection.deleteMany({ name: tooLarge })
})
