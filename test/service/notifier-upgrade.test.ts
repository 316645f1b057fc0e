// What an earlier release of the notifier left in the database is understood: nobody is mailed who had unsubscribed, and
// what was owed is sent.
import type { Document } from 'mongodb'
import { expect, it } from 'vitest'
import { openDeliveries } from '../../services/notifier/deliveries.ts'
import { openSubscriptions } from '../../services/notifier/store-subscriptions.ts'
import { systemClock as clock } from '../../shared/clock.ts'
import { createLog } from '../../shared/log.ts'
import { connectMongo } from '../../shared/mongo.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { ids } from '../support/service-bed.ts'
import { freshStack } from '../support/stack.ts'

const log = createLog({ filter: 'error', topic: 'test' })

it('who_had_unsubscribed_wants_no_mails_and_everybody_else_all', async () => {
  await using mongo = await connectMongo(freshStack().mongodbUrl, log)
  const db = mongo.database('notifier')
  const old = (user_id: string, subscribed: boolean): Document => ({
    _id: `W:${user_id}`,
    ws: 'W',
    v: 1,
    user_id,
    subscribed,
    email: 'ana@example.com',
    workspace_name: 'Acme',
    updated_at: clock.now(),
  })
  await db.collection('subscriptions').insertMany([old('GONE', false), old('HERE', true)])
  const { find, save } = await openSubscriptions(db, { clock })
  expect(await find('W', 'GONE')).toMatchObject({ wants: 'none', muted: [] })
  const here = await find('W', 'HERE')
  expect(here).toMatchObject({ wants: 'all', muted: [] })
  // Starting again changes no wish that was told since.
  if (here) await save(here, { wants: 'mine', muted: [] })
  const again = await openSubscriptions(db, { clock })
  expect(await again.find('W', 'HERE')).toMatchObject({ wants: 'mine' })
})

it('what_was_owed_is_owed_on_and_only_that_is_touched', async () => {
  await using mongo = await connectMongo(freshStack().mongodbUrl, log)
  const db = mongo.database('notifier')
  const old = { ws: 'W', v: 1, event_id: 'E', template: 'loop-shipped', user_id: 'U', attempts: 0 }
  const due_at = new Date(0)
  await db.collection<Document & { _id: string }>('deliveries').insertMany([
    { ...old, _id: 'E:OWED', status: 'pending', due_at },
    { ...old, _id: 'E:SENT', status: 'sent' },
  ])
  const ledger = await openDeliveries(db, { clock: await openDatabaseClock(db, clock), ids })
  const { claimed } = await ledger.claim({ room: 10, beyond: 0, inHand: [] })
  expect(claimed.map(({ work }) => work)).toMatchObject([
    { _id: 'E:OWED', about: null, owed_since: expect.any(Date), fence: 1 },
  ])
  expect(await ledger.find('W', 'E:SENT')).toMatchObject({ v: 1 })
})
