// Who holds a delivery. A live sender keeps its claim however slow the server is; a lost sender loses it, and sends
// nothing later.
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { type Deliveries, openDeliveries } from '../../services/notifier/delivery-store.ts'
import { CONNECTIONS, createMailer, type Mail } from '../../services/notifier/mailer.ts'
import type { Delivery } from '../../services/notifier/notice-rules.ts'
import { openSubscriptions } from '../../services/notifier/preference-store.ts'
import { startSender } from '../../services/notifier/sender.ts'
import { openSuppressions } from '../../services/notifier/suppression-store.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { faultPoint } from '../../shared/process/fault-points.ts'
import { STOP_TIMEOUT_MS, within } from '../../shared/process/lifecycle.ts'
import { createLog } from '../../shared/process/log.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { pendingDelivery } from '../support/pending-mails.ts'
import { ids } from '../support/service-environment.ts'
import { type SmtpSink, startSmtpSink } from '../support/smtp-sink.ts'
import { freshStack } from '../support/stack.ts'

const clock = systemClock
const TERM_MS = 3_000
const log = createLog({ filter: 'error', topic: 'test' })
const WS = ids.next()

const owedTo = (address: string): Delivery => pendingDelivery({ ws: WS, to: { name: 'Ana', address } })

const mailOf = ({ _id, to, created_at }: Delivery): Mail => ({
  message_id: `<${_id.replace(':', '.')}@acme.example>`,
  date: created_at,
  from: { name: 'Loops', address: 'loops@acme.example' },
  to: to ?? { name: '', address: '' },
  language: 'en',
  subject: 'Shipped',
  text: 'Shipped',
  html: '<p>Shipped</p>',
})

/** A ledger and its senders; each sender has its own connections, like a process. */
const openLedger = async (sink: SmtpSink, stack: AsyncDisposableStack) => {
  const db = stack.use(await connectMongo(freshStack().mongodbUrl, log)).database('notifier')
  const database = await openDatabaseClock(db, clock)
  const deliveries = await openDeliveries(db, { clock: database, ids, term_ms: TERM_MS })
  const subscriptions = await openSubscriptions(db, { clock })
  const suppressions = await openSuppressions(db, { clock })
  const start = (given: Partial<Deliveries> = {}) =>
    stack.use(
      startSender({
        deliveries: { ...deliveries, ...given },
        subscriptions,
        suppressions,
        departed: async () => ({ left: new Set(), unknown: new Set() }),
        compose: async (delivery) => ({ mail: mailOf(delivery) }),
        mailer: stack.use(createMailer(sink.url)),
        clock: database,
        random: ids.random,
        log,
        at: faultPoint(undefined),
        term_ms: TERM_MS,
      }),
    )
  const find = async (id: string): Promise<Delivery> => {
    const found = await deliveries.find(WS, id)
    if (!found) throw new Error(`There is no delivery ${id}.`)
    return found
  }
  return { deliveries, start, find }
}

let sink: SmtpSink
beforeAll(async () => {
  sink = await startSmtpSink()
  return () => sink[Symbol.asyncDispose]()
})
beforeEach(() => sink.misbehave())
const copiesTo = (address: string): number => sink.mails.filter(({ to }) => to.includes(address)).length

it('a_server_slower_than_a_lease_gets_the_mail_once', async () => {
  await using stack = new AsyncDisposableStack()
  const { deliveries, start, find } = await openLedger(sink, stack)
  const slow = owedTo('slow@example.com')
  const answer = Promise.withResolvers<void>()
  sink.misbehave(({ at }) => (at === 'data' ? { after: answer.promise } : undefined))
  await deliveries.add([slow])
  start()
  await sink.waitFor((mails) => mails.some(({ to }) => to.includes('slow@example.com')))
  const { due_at: first = clock.now() } = await find(slow._id)
  start()
  // When the first lease would have ended, it is still held.
  const held = async () => ((await find(slow._id)).due_at?.getTime() ?? 0) - first.getTime()
  await expect.poll(held).toBeGreaterThan(TERM_MS)
  answer.resolve()
  await expect.poll(async () => (await find(slow._id)).status).toBe('sent')
  expect((await find(slow._id)).attempts).toBe(1)
  expect(copiesTo('slow@example.com')).toBe(1)
})

it('a_mail_whose_lease_was_lost_is_sent_by_another_sender_alone', async () => {
  await using stack = new AsyncDisposableStack()
  const { deliveries, start, find } = await openLedger(sink, stack)
  const all = Array.from({ length: CONNECTIONS + 5 }, (_, n) => owedTo(`held${n}@example.com`))
  await deliveries.add(all)
  // The first sender's connections all wait for an answer, and it no longer reaches the database.
  const answer = Promise.withResolvers<void>()
  let handedOver = 0
  sink.misbehave(({ at }) =>
    at === 'data' && handedOver++ < CONNECTIONS ? { after: answer.promise } : undefined,
  )
  const stopped = new Error('the database hears nothing')
  const deaf = () => Promise.reject(stopped)
  const wentOn = Promise.withResolvers<void>()
  let claims = 0
  const first = start({
    claim: (limit) => (claims++ === 0 ? deliveries.claim(limit) : deaf()),
    renew: deaf,
    record: () => {
      wentOn.resolve()
      return deaf()
    },
    release: deaf,
  })
  const before = sink.mails.length
  await sink.waitFor((mails) => mails.length === before + CONNECTIONS)
  start()
  const sent = async () =>
    (await Promise.all(all.map(({ _id }) => find(_id)))).filter((one) => one.status === 'sent')
  await expect.poll(async () => (await sent()).length, { timeout: 30_000 }).toBe(all.length)
  answer.resolve()
  await wentOn.promise
  await first[Symbol.asyncDispose]()
  // Only mails that the first sender had handed over were sent twice.
  expect(sink.mails.length - before).toBe(all.length + CONNECTIONS)
  const ownCopies = new Set(sink.mails.slice(before).map(({ messageId }) => messageId))
  expect(ownCopies.size).toBe(all.length)
})

it('mails_not_begun_are_given_back_when_a_sender_stops', async () => {
  await using stack = new AsyncDisposableStack()
  const { deliveries, start, find } = await openLedger(sink, stack)
  const all = Array.from({ length: CONNECTIONS + 3 }, (_, n) => owedTo(`back${n}@example.com`))
  await deliveries.add(all)
  const answer = Promise.withResolvers<void>()
  sink.misbehave(({ at }) => (at === 'data' ? { after: answer.promise } : undefined))
  const sender = start()
  const before = sink.mails.length
  await sink.waitFor((mails) => mails.length === before + CONNECTIONS)
  const stopping = sender[Symbol.asyncDispose]()
  const rows = () => Promise.all(all.map(({ _id }) => find(_id)))
  const waiting = async () =>
    (await rows()).filter(({ status, attempts }) => status === 'pending' && attempts === 0)
  await expect.poll(async () => (await waiting()).length).toBe(3)
  answer.resolve()
  await stopping
  expect((await rows()).filter(({ status }) => status === 'sent')).toHaveLength(CONNECTIONS)
})

it('a_server_that_never_answers_does_not_keep_a_sender_from_stopping', async () => {
  await using stack = new AsyncDisposableStack()
  const { deliveries, start, find } = await openLedger(sink, stack)
  const stuck = owedTo('stuck@example.com')
  await deliveries.add([stuck])
  sink.misbehave(({ at }) => (at === 'data' ? { after: new Promise(() => undefined) } : undefined))
  const sender = start()
  await sink.waitFor((mails) => mails.some(({ to }) => to.includes('stuck@example.com')))
  expect(await within(STOP_TIMEOUT_MS, sender[Symbol.asyncDispose]())).toBe(true)
  // Retried later, since it is unknown whether the server has it.
  expect(await find(stuck._id)).toMatchObject({ status: 'pending', attempts: 1 })
})
