// Which pending mails are sent, in which order, and which are never dropped. Requested mails go first and always, people
// who left get none, and mails wait for a corrected setting as long as that takes.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDeliveries } from '../../services/notifier/delivery-store.ts'
import type { Delivery } from '../../services/notifier/notice-rules.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import {
  caughtUp,
  listed,
  openMailEnvironment,
  pendingDelivery,
  privateLoop,
  ship,
} from '../support/pending-mails.ts'
import type { People, Someone } from '../support/people.ts'
import { ids, type TestEnvironment } from '../support/service-environment.ts'
import type { SmtpSink } from '../support/smtp-sink.ts'
import { freshStack } from '../support/stack.ts'

const open = new AsyncDisposableStack()
const log = createLog({ filter: 'error', topic: 'test' })
let sink: SmtpSink
let env: TestEnvironment
let people: People
let mongo: Mongo

beforeAll(async () => {
  ;({ env, people, sink } = open.use(await openMailEnvironment(['loops-queue', 'notifier'])))
  mongo = open.use(await connectMongo(env.mongodbUrl, log))
})
afterAll(() => open.disposeAsync())
beforeEach(() => sink.misbehave())

/** A workspace of three with addresses of their own. */
const team = async (): Promise<Readonly<{ ws: string; all: readonly [Someone, Someone, Someone] }>> => {
  const at = `${ids.next().toLowerCase()}.example`
  const { id, members } = await people.workspace(
    'Acme',
    ['ana', 'ben', 'cem'].map((name) => ({ name, email: `${name}@${at}` })),
  )
  return { ws: id, all: members as unknown as [Someone, Someone, Someone] }
}
const copiesTo = ({ email }: Someone): number => sink.mails.filter(({ to }) => to.includes(email)).length

describe('a mail that somebody asked for', () => {
  it('is_sent_to_an_address_out_of_use_which_is_in_use_again_once_it_arrives', async () => {
    const { ws, all } = await team()
    const [ana, ben] = all
    sink.misbehave(({ at }) => (at === 'rcpt' ? { reply: 550, text: '5.1.1 nobody' } : undefined))
    await caughtUp(env, ws, await ship(env, ws, ana), 3)
    sink.misbehave()
    const held = await caughtUp(env, ws, await ship(env, ws, ana), 3)
    expect(held.map(({ status }) => status)).toEqual(Array(3).fill('suppressed'))
    await people.invite(ana, ben.email)
    await expect.poll(() => copiesTo(ben)).toBe(1)
    const suppressions = mongo.database('notifier').collection<{ _id: string }>('suppressions')
    await expect.poll(() => suppressions.countDocuments({ _id: ben.email })).toBe(0)
    const rows = await caughtUp(env, ws, await ship(env, ws, ana), 3)
    expect(rows.find(({ user_id }) => user_id === ben.id)).toMatchObject({ status: 'sent' })
    expect(rows.find(({ user_id }) => user_id === ana.id)).toMatchObject({ status: 'suppressed' })
  })
})

describe('people who leave while their mail waits', () => {
  /** Makes the mails of an event wait until the people have left. */
  const leaving = async (ws: string, event: string, count: number, leave: () => Promise<unknown>) => {
    // Not merely claimed: each was refused once, and waits for its next try.
    const waits = async () =>
      (await listed(env, ws, event)).filter(({ last_error }) => last_error !== null).length
    await expect.poll(waits).toBe(count)
    await leave()
    sink.misbehave()
    return new Map((await caughtUp(env, ws, event, count)).map((row) => [row.user_id, row]))
  }
  beforeEach(() => sink.misbehave(({ at }) => (at === 'rcpt' ? { reply: 451, text: 'not now' } : undefined)))

  it('get_no_mail_of_a_private_loop_that_they_left', async () => {
    const { ws, all } = await team()
    const [, ben, cem] = all
    const loop_id = await privateLoop(env, ben, [cem.id])
    const event = await ship(env, ws, ben, { loop_id, visibility: 'private', member_ids: [ben.id, cem.id] })
    const rows = await leaving(ws, event, 2, () =>
      env.as(loopsQueue, ben.caller).set_loop_member({ loop_id, user_id: cem.id, member: false }),
    )
    expect(rows.get(ben.id)).toMatchObject({ status: 'sent' })
    expect(rows.get(cem.id)).toMatchObject({ status: 'suppressed', last_error: 'no longer a member' })
    expect([ben, cem].map(copiesTo)).toEqual([1, 0])
  })

  it('get_no_mail_of_a_workspace_that_they_left', async () => {
    const { ws, all } = await team()
    const [ana, ben, cem] = all
    const rows = await leaving(ws, await ship(env, ws, ana), 3, () =>
      mongo
        .database('gateway')
        .collection<{ _id: string; v: number }>('people')
        .updateOne({ _id: cem.id }, { $set: { memberships: [] }, $inc: { v: 1 } }),
    )
    expect(rows.get(cem.id)).toMatchObject({ status: 'suppressed', last_error: 'no longer a member' })
    expect([ana, ben, cem].map(copiesTo)).toEqual([1, 1, 0])
  })
})

describe('the ledger', () => {
  const stored = (ws: string, given: Partial<Delivery> = {}) => pendingDelivery({ ws, ...given })
  const openLedger = async (stack: AsyncDisposableStack) => {
    const db = stack.use(await connectMongo(freshStack().mongodbUrl, log)).database('notifier')
    return { db, ledger: await openDeliveries(db, { clock: await openDatabaseClock(db, systemClock), ids }) }
  }

  it('hands_out_a_forgotten_password_before_thousands_of_others', async () => {
    await using stack = new AsyncDisposableStack()
    const { ledger } = await openLedger(stack)
    const flood = ids.next()
    await ledger.add(Array.from({ length: 3_000 }, () => stored(flood)))
    const reset = stored(ids.next(), { template: 'password-reset' })
    await ledger.add([reset])
    const inHand = Array.from({ length: 200 }, () => stored(flood))
    // There is room only for mails that somebody waits for.
    const { claimed } = await ledger.claim({ room: 0, reserve: 5, inHand })
    expect(claimed.map(({ work }) => work._id)).toEqual([reset._id])
  })

  it('hands_out_mails_of_every_workspace_though_one_has_thousands', async () => {
    await using stack = new AsyncDisposableStack()
    const { ledger } = await openLedger(stack)
    const [flood, small] = [ids.next(), ids.next()]
    await ledger.add(Array.from({ length: 3_000 }, () => stored(flood)))
    await ledger.add(Array.from({ length: 7 }, () => stored(small)))
    const { claimed, more } = await ledger.claim({ room: 50, reserve: 0, inHand: [] })
    expect(claimed.filter(({ work }) => work.ws === small)).toHaveLength(7)
    expect(claimed).toHaveLength(50)
    expect(more).toBe(true)
  })

  it('keeps_what_waits_and_deletes_the_rest_some_time_after_it_ended', async () => {
    await using stack = new AsyncDisposableStack()
    const { db, ledger } = await openLedger(stack)
    const ago = new Date(systemClock.now().getTime() - 1_000)
    const [waits, ended] = [stored('W', { expires_at: ago }), stored('W', { status: 'sent' })]
    const { due_at: _, ...atEnd } = ended
    const notice = { ws: 'W', template: 'loop-shipped', v: 1, expanded: true, expires_at: ago }
    // As an earlier release left them. The database deletes within a minute what has expired.
    const raw = <T extends { _id: string }>(name: string) => db.collection<T>(name)
    await raw<Delivery>('deliveries').insertMany([waits, atEnd])
    await raw<typeof notice & { _id: string }>('notices').insertMany(
      [waits, ended].map(({ event_id }) => ({ ...notice, _id: event_id })),
    )
    await ledger.deleteOld()
    expect(await ledger.find('W', waits._id)).not.toHaveProperty('expires_at')
    expect(await ledger.findNotice(waits.ws, waits.event_id)).not.toBeNull()
    expect(await ledger.findNotice(ended.ws, ended.event_id)).toBeNull()
    const { claimed } = await ledger.claim({ room: 5, reserve: 0, inHand: [] })
    await ledger.record(
      claimed.map(({ work }) => ({ work, set: { status: 'sent' as const }, counted: true })),
    )
    expect(await ledger.find('W', waits._id)).toMatchObject({ status: 'sent', expires_at: expect.any(Date) })
  })
})
