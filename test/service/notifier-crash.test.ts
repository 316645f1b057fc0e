// A notifier is killed while it sends a mail. The mail is still sent; a second copy is possible only where nobody could
// know of the first.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { IN_DOUBT } from '../../services/notifier/sender.ts'
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { caughtUp, openMailEnvironment, ship } from '../support/pending-mails.ts'
import type { People } from '../support/people.ts'
import { ids, type TestEnvironment } from '../support/service-environment.ts'
import type { SmtpSink } from '../support/smtp-sink.ts'

const open = new AsyncDisposableStack()
let sink: SmtpSink
let env: TestEnvironment
let people: People
let mongo: Mongo

beforeAll(async () => {
  ;({ env, people, sink } = open.use(await openMailEnvironment([], { LEASE_MS: '10000' })))
  mongo = open.use(await connectMongo(env.mongodbUrl, createLog({ filter: 'error', topic: 'test' })))
})
afterAll(() => open.disposeAsync())
beforeEach(() => sink.misbehave())

/** Bound on a test (ms): each kill may cost a lease, and a kill during an event the time to its redelivery. */
const LIMIT_MS = 180_000

/** Lets all leases expire. */
const endLeases = async (): Promise<void> => {
  const deliveries = mongo.database('notifier').collection('deliveries')
  await deliveries.updateMany({ status: 'sending' }, { $set: { due_at: new Date(0) } })
}

it.each([
  ['deliver.claimed', 'never_sent', 1],
  ['deliver.accepted', 'sent_and_not_recorded', 2],
] as const)('killed_at_%s: %s before, sent by another when the lease has ended', async (step, _, copies) => {
  const { id, members } = await people.workspace('Acme', [{ name: 'Ana', email: `${step}@example.com` }])
  const [ana] = members
  if (!ana) throw new Error('One person was asked for.')
  const { died } = await env.startFaulty('notifier', step)
  const event = await ship(env, id, ana)
  expect(await died).toBe('SIGKILL')
  await endLeases()
  await using _notifier = await env.start('notifier')
  const [row] = await caughtUp(env, id, event, 1)
  expect(row).toMatchObject({ status: 'sent', attempts: 2 })
  const mails = sink.mails.filter(({ to }) => to.includes(ana.email))
  expect(mails).toHaveLength(copies)
  expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(1)
})

it(
  'killed_at_mention.reserved: the mail is sent when the event comes again, and counted once',
  async () => {
    await using _tasks = await env.start('tasks')
    await using _queue = await env.start('loops-queue')
    const { id, members } = await people.workspace('Acme', [
      { name: 'Dora', email: 'dora@example.com' },
      { name: 'Emil', email: 'emil@example.com' },
    ])
    const [dora, emil] = members
    if (!dora || !emil) throw new Error('Two people were asked for.')
    const { create_task, add_comment } = env.as(tasks, dora.caller)
    const { task } = await create_task({ title: 'A task' })
    const { died } = await env.startFaulty('notifier', 'mention.reserved')
    const { comment } = await add_comment({ task_id: task.id, text: '@Emil, look' })
    const is = ({ subject }: CloudEvent): boolean => subject === comment.id
    const event = (await env.events('tasks', id, (all) => all.some(is))).find(is)?.id ?? ''
    expect(await died).toBe('SIGKILL')
    const db = mongo.database('notifier')
    expect(await db.collection('deliveries').countDocuments({ ws: id })).toBe(0)
    await using _notifier = await env.start('notifier')
    const rows = await caughtUp(env, id, event, 1, LIMIT_MS)
    expect(rows).toMatchObject([{ status: 'sent', user_id: emil.id }])
    expect(sink.mails.filter(({ to }) => to.includes(emil.email))).toHaveLength(1)
    const quotas = await db.collection('mention_quotas').find({ ws: id }).toArray()
    expect(quotas).toMatchObject([{ mails: [{ event_id: event, on: task.id }] }])
  },
  LIMIT_MS,
)

const NOTIFIERS = 3
const RECIPIENTS = 150
const KILLS = 3
/** One in this many answers to mails is lost. */
const CUT_EVERY = 30

it(
  'everybody_has_the_mail_however_often_notifiers_are_killed_and_answers_are_lost',
  async () => {
    const at = `${ids.next().toLowerCase()}.example`
    const many = Array.from({ length: RECIPIENTS }, (_, n) => ({ name: `Member ${n}`, email: `m${n}@${at}` }))
    const { id, members } = await people.workspace('Large', many)
    const [shipper] = members
    if (!shipper) throw new Error('Some people were asked for.')
    const running = await Promise.all(Array.from({ length: NOTIFIERS }, () => env.startFaulty('notifier')))
    let cuts = 0
    let kills = 0
    sink.misbehave((moment) => {
      if (moment.at !== 'data' || moment.nth % CUT_EVERY !== 0) return undefined
      // A mail whose two senders died waits a minute when its connection is cut; after a third it would be five.
      if (kills >= KILLS - 1) return undefined
      cuts += 1
      return 'cut'
    })
    const before = sink.mails.length
    const arrived = () => sink.mails.slice(before)
    const event = await ship(env, id, shipper)
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const enough = before + (kill * RECIPIENTS) / (KILLS + 2)
      await sink.waitFor((mails) => mails.length >= enough, 60_000)
      const victim = running.shift()
      victim?.kill()
      expect(await victim?.died).toBe('SIGKILL')
      kills = kill
      running.push(await env.startFaulty('notifier'))
    }
    const rows = await caughtUp(env, id, event, RECIPIENTS, LIMIT_MS)
    for (const { kill, died } of running) {
      kill()
      await died
    }

    expect(rows.every(({ status }) => status === 'sent')).toBe(true)
    const copies = new Map(members.map(({ email }) => [email, [] as string[]]))
    for (const { to, messageId } of arrived()) copies.get(to[0] ?? '')?.push(messageId)
    const numbers = [...copies.values()].map((mails) => mails.length)
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(1)
    for (const mails of copies.values()) expect(new Set(mails).size).toBe(1)
    expect(new Set([...copies.values()].flat()).size).toBe(RECIPIENTS)
    expect(arrived().length - RECIPIENTS).toBeLessThanOrEqual(KILLS * IN_DOUBT + cuts)
    // The ledger knows of a try for every copy that arrived.
    for (const { to, attempts } of rows)
      expect(attempts).toBeGreaterThanOrEqual(copies.get(to ?? '')?.length ?? 0)
  },
  LIMIT_MS,
)
