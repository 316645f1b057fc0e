// Documents of earlier releases of the notifier are understood, whenever they were written. Nobody who unsubscribed is
// mailed, and pending mails are sent.
import type { Db, Document } from 'mongodb'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { openDeliveries } from '../../services/notifier/delivery-store.ts'
import { openSubscriptions } from '../../services/notifier/preference-store.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { ids } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'

const stack = new AsyncDisposableStack()
let db: Db
beforeEach(async () => {
  const log = createLog({ filter: 'error', topic: 'test' })
  db = stack.use(await connectMongo(freshStack().mongodbUrl, log)).database('notifier')
})
afterAll(() => stack.disposeAsync())

/** Writes as an earlier release does, at any time. */
const insert = (collection: string, documents: readonly (Document & { _id: string })[]) =>
  db.collection<Document & { _id: string }>(collection).insertMany([...documents])
const openLedger = async () => openDeliveries(db, { clock: await openDatabaseClock(db, clock), ids })

const subscription = (user_id: string, subscribed: boolean) => ({
  _id: `W:${user_id}`,
  ws: 'W',
  v: 1,
  user_id,
  subscribed,
  email: 'ana@example.com',
  workspace_name: 'Acme',
  updated_at: clock.now(),
})

test('people_who_unsubscribed_get_no_mails_and_all_others_get_every_mail', async () => {
  await insert('subscriptions', [subscription('GONE', false)])
  const { find, of, note, save } = await openSubscriptions(db, { clock })
  await insert('subscriptions', [subscription('LEFT', false), subscription('HERE', true)])
  expect(await find('W', 'GONE')).toMatchObject({ wants: 'none', muted: [] })
  const members = ['GONE', 'LEFT', 'HERE'].map((user_id) => ({ ws: 'W', user_id }))
  const preferences = (found: ReadonlyMap<string, { wants: string }>) =>
    members.map(({ user_id }) => found.get(`W:${user_id}`)?.wants)
  expect(preferences(await of(members))).toEqual(['none', 'none', 'all'])
  const recipients = members.map(({ user_id }) => ({ user_id, email: `${user_id}@example.com` }))
  const noted = await note('W', 'Acme Ltd', recipients as unknown as Parameters<typeof note>[2])
  expect(preferences(noted)).toEqual(['none', 'none', 'all'])
  const left = await find('W', 'LEFT')
  expect(left).toMatchObject({ wants: 'none', email: 'LEFT@example.com', workspace_name: 'Acme Ltd' })
  // A preference that is set afterwards stays.
  if (left) expect(await save(left, { wants: 'mine', muted: [] })).toMatchObject({ wants: 'mine', schema: 2 })
  const again = await openSubscriptions(db, { clock })
  expect(await again.find('W', 'LEFT')).toMatchObject({ wants: 'mine', muted: [] })
})

const delivery = (user_id: string, outcome: object) => ({
  _id: `E:${user_id}`,
  ws: 'W',
  v: 1,
  event_id: 'E',
  template: 'loop-shipped',
  user_id,
  attempts: 0,
  created_at: new Date(1),
  ...outcome,
})
const PENDING = { status: 'pending', due_at: new Date(0) }

test('pending_deliveries_stay_pending_and_no_others_are_claimed', async () => {
  await insert('deliveries', [delivery('PENDING', PENDING)])
  const ledger = await openLedger()
  await insert('deliveries', [delivery('LATE', PENDING), delivery('SENT', { status: 'sent' })])
  const { claimed } = await ledger.claim({ room: 10, reserve: 0, inHand: [] })
  const upgraded = { about: null, shown_to: 'nobody', owed_since: new Date(1) }
  const works = claimed.map(({ work }) => work).toSorted((a, b) => (a._id < b._id ? -1 : 1))
  expect(works).toMatchObject([
    { _id: 'E:LATE', ...upgraded, fence: 1 },
    { _id: 'E:PENDING', ...upgraded, fence: 1 },
  ])
  expect(await ledger.find('W', 'E:SENT')).toMatchObject({ v: 1, ...upgraded })
  expect(await ledger.findFor('W', 'E', 'SENT')).toMatchObject(upgraded)
  expect(await ledger.list({ ws: 'W', of: { user_id: 'SENT' }, limit: 10 })).toMatchObject([upgraded])
})

test('the_former_index_of_mails_is_dropped', async () => {
  const deliveries = db.collection('deliveries')
  await deliveries.createIndex({ due_at: 1 }, { name: 'due', sparse: true })
  await deliveries.createIndex({ ws: 1, event_id: 1, _id: 1 }, { name: 'event' })
  await openLedger()
  const names = (await deliveries.indexes()).map(({ name }) => name)
  expect(names.toSorted()).toEqual(['_id_', 'expiry', 'lane', 'person', 'shelf'])
})
