// Events that no reaction can handle. Each becomes one dead letter with its reason while all others flow, and an
// operator can have it tried again.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { DEAD_LETTERS, type DeadLetter } from '../../shared/events/dead-letter-store.ts'
import { MAX_DELIVER } from '../../shared/events/deliveries.ts'
import { EVENTS_STREAM, openConsumer } from '../../shared/events/streams.ts'
import {
  type EventsEnvironment,
  eventsOf,
  MADE,
  openEventsEnvironment,
  thing,
} from '../support/events-environment.ts'

let env: EventsEnvironment

beforeAll(async () => {
  env = await openEventsEnvironment()
})
afterAll(() => env?.[Symbol.asyncDispose]())

const envelope = {
  specversion: '1.0',
  id: 'event-1',
  source: '/loops/things',
  type: 'thing.made',
  subject: 'T',
  time: '2026-01-01T00:00:00.000Z',
  datacontenttype: 'application/json',
  workspaceid: 'W',
  sequence: 1,
  data: { id: 'T', name: 'well formed' },
}
const envelopeWith = (given: object): string => JSON.stringify({ ...envelope, ...given })
const publish = (payload: string) => env.bus.js.publish(MADE, payload)
const askFor = (durable: string) =>
  env.mongo
    .database(durable)
    .collection<DeadLetter>(DEAD_LETTERS)
    .updateMany({ redriven_at: { $exists: false } }, { $set: { asked_at: new Date(0) } })
const pendingOf = async (durable: string): Promise<number> => {
  const { num_pending, num_ack_pending } = await env.bus.jsm.consumers.info(EVENTS_STREAM, durable)
  return num_pending + num_ack_pending
}
/** Takes messages like processes that die on this one, and acknowledges all others. */
const takenInVain = async (durable: string, seq: number, times: number): Promise<void> => {
  await env.declare(durable)
  const consumer = await openConsumer(env.bus, durable)
  for (let taken = 0; taken < times; ) {
    const message = await consumer.next({ expires: 5_000 })
    if (message?.seq === seq) {
      message.nak()
      taken += 1
    } else message?.ack()
  }
}

test('poison_becomes_dead_letters_with_their_reasons_while_others_flow', async () => {
  const seen: string[] = []
  await using _ = await env.consuming('poisoned', async ({ data }) => void seen.push(data.name))
  const before = (await env.deadOf('poisoned')).length
  await publish('not json')
  await publish('')
  await publish(envelopeWith({ id: 'no-version', sequence: 0 }))
  await publish(envelopeWith({ id: 'wrong-data', data: { id: 7 } }))
  await publish(envelopeWith({ id: 'unknown-type', type: 'thing.lost' }))
  await publish(envelopeWith({ id: 'other-source', source: '/loops/others' }))
  await publish(envelopeWith({ id: 'other-workspace', workspaceid: 'V' }))
  await publish(envelopeWith({ id: 'well-formed' }))
  await expect.poll(() => seen).toEqual(['well formed'])
  await expect.poll(async () => (await env.deadOf('poisoned')).length).toBe(before + 7)
  const rows = await env.deadOf('poisoned')
  expect(
    rows.map(({ event_id, reason, deliveries }) => [event_id, reason.split(':')[0], deliveries]),
  ).toEqual([
    [null, 'not JSON', 1],
    [null, 'not JSON', 1],
    ['no-version', 'not a CloudEvent', 1],
    ['wrong-data', 'the data of thing.made does not fit its contract', 1],
    ['unknown-type', 'nothing here reacts to thing.lost of /loops/things', 1],
    ['other-source', 'nothing here reacts to thing.made of /loops/others', 1],
    ['other-workspace', 'the event does not belong on its subject', 1],
  ])
  expect(rows[0]).toMatchObject({ durable: 'poisoned', subject: MADE, payload: 'not json' })
  await expect.poll(() => pendingOf('poisoned')).toBe(0)
})

test('the_same_poison_is_one_row_however_often_it_is_delivered', async () => {
  await using _ = await env.consuming('repeated', async () => undefined)
  for (let times = 0; times < 3; times += 1) await publish('the same poison')
  await expect.poll(() => pendingOf('repeated')).toBe(0)
  const rows = await env.deadOf('repeated')
  expect(rows.filter(({ payload }) => payload === 'the same poison')).toHaveLength(1)
})

test('a_failed_reaction_is_retried', async () => {
  const tries: string[] = []
  await using _ = await env.consuming('stumbler', async ({ data }) => {
    tries.push(data.name)
    if (data.name === 'hard' && tries.filter((name) => name === 'hard').length === 1)
      throw new Error('not yet')
  })
  const { store } = env.relaying()
  for (const name of ['hard', 'easy']) {
    const one = thing(name)
    await store.insert(one, eventsOf(one))
  }
  await expect.poll(() => tries.filter((name) => name === 'hard').length).toBe(2)
  expect(tries.filter((name) => name === 'easy')).toHaveLength(1)
})

test('an_outage_uses_up_no_delivery_and_makes_no_dead_letter', async () => {
  let away = true
  const tries: string[] = []
  await using _ = await env.consuming('patient', async ({ data }) => {
    if (data.name !== 'needs the database') return
    tries.push(data.name)
    if (away) throw new AppError('unavailable', 'The database cannot answer now.')
  })
  await publish(envelopeWith({ id: 'needs', data: { id: 'T', name: 'needs the database' } }))
  await expect.poll(() => tries.length).toBeGreaterThanOrEqual(2)
  const { num_redelivered } = await env.bus.jsm.consumers.info(EVENTS_STREAM, 'patient')
  away = false
  await expect.poll(() => pendingOf('patient')).toBe(0)
  expect(num_redelivered).toBe(0)
  expect((await env.deadOf('patient')).map(({ event_id }) => event_id)).not.toContain('needs')
})

test('a_reaction_may_take_longer_than_the_server_waits', async () => {
  let reactions = 0
  await using _ = await env.consuming('slow', async ({ data }) => {
    if (data.name !== 'long work') return
    reactions += 1
    await new Promise((resolve) => setTimeout(resolve, 3_000))
  })
  await env.bus.jsm.consumers.update(EVENTS_STREAM, 'slow', { ack_wait: 1_000_000_000 })
  await publish(envelopeWith({ id: 'long', data: { id: 'T', name: 'long work' } }))
  await expect.poll(() => reactions).toBe(1)
  await expect.poll(() => pendingOf('slow')).toBe(0)
  expect(reactions).toBe(1)
})

test('held_events_are_given_back_when_the_instance_stops', async () => {
  const first = await env.consuming('stopping', async ({ data }) => {
    if (data.name === 'handed on') throw new AppError('unavailable', 'Away.')
  })
  await publish(envelopeWith({ id: 'handed-on', data: { id: 'T', name: 'handed on' } }))
  await expect.poll(() => env.lines.some((line) => line.includes('event held'))).toBe(true)
  await first[Symbol.asyncDispose]()
  const seen: string[] = []
  await using _ = await env.consuming('stopping', async ({ data }) => void seen.push(data.name))
  await expect.poll(() => seen).toContain('handed on')
})

test('the_last_failure_becomes_a_dead_letter_and_a_redrive_succeeds_once_it_can', async () => {
  let broken = true
  const seen: string[] = []
  const { seq } = await publish(envelopeWith({ id: 'unlucky', data: { id: 'T', name: 'unlucky' } }))
  await takenInVain('unlucky', seq, MAX_DELIVER - 1)
  await using _ = await env.consuming('unlucky', async ({ data }) => {
    if (broken) throw new Error('a bug of the reaction')
    seen.push(data.name)
  })
  await expect.poll(async () => (await env.deadOf('unlucky')).length).toBe(1)
  expect((await env.deadOf('unlucky'))[0]).toMatchObject({
    _id: 'unlucky/unlucky',
    reason: 'a bug of the reaction',
    deliveries: MAX_DELIVER,
    stream_seq: seq,
  })
  await askFor('unlucky')
  await expect.poll(async () => (await env.deadOf('unlucky'))[0]?.deliveries).toBe(MAX_DELIVER + 1)
  expect((await env.deadOf('unlucky'))[0]).not.toHaveProperty('asked_at')
  broken = false
  await askFor('unlucky')
  await expect.poll(() => seen).toEqual(['unlucky'])
  await expect.poll(async () => (await env.deadOf('unlucky'))[0]).toHaveProperty('redriven_at')
})

test('an_event_that_kills_every_process_becomes_a_dead_letter_and_is_retried_once', async () => {
  const { seq } = await publish(envelopeWith({ id: 'killer', data: { id: 'T', name: 'killer' } }))
  await takenInVain('crashing', seq, MAX_DELIVER)
  const seen: string[] = []
  await using _ = await env.consuming('crashing', async ({ data }) => void seen.push(data.name))
  await expect.poll(async () => (await env.deadOf('crashing')).length).toBe(1)
  expect((await env.deadOf('crashing'))[0]).toMatchObject({
    event_id: 'killer',
    reason: expect.stringContaining('died or hung'),
    deliveries: MAX_DELIVER,
  })
  await expect.poll(() => seen).toEqual(['killer'])
  await expect.poll(async () => (await env.deadOf('crashing'))[0]).toHaveProperty('redriven_at')
})
