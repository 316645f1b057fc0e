// A notifier that is killed with a mail in its hands: the mail is sent all the same, and a second copy is only possible
// where nobody could know of the first.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLog } from '../../shared/log.ts'
import { connectMongo, type Mongo } from '../../shared/mongo.ts'
import { settled, ship } from '../support/mail-owed.ts'
import { openPeople, type People } from '../support/people.ts'
import { type Bed, openBed } from '../support/service-bed.ts'
import { type SmtpSink, startSmtpSink } from '../support/smtp-sink.ts'

const open = new AsyncDisposableStack()
let sink: SmtpSink
let bed: Bed
let people: People
let mongo: Mongo

beforeAll(async () => {
  sink = open.use(await startSmtpSink())
  bed = open.use(await openBed({ PORT: '0', SMTP_URL: sink.url }))
  await bed.start('gateway')
  people = open.use(await openPeople(bed.mongodbUrl))
  mongo = open.use(await connectMongo(bed.mongodbUrl, createLog({ filter: 'error', topic: 'test' })))
})
afterAll(() => open.disposeAsync())

/** Lets the time of all leases pass. */
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
  const { died } = await bed.startFaulty('notifier', step)
  const event = await ship(bed, id, ana)
  expect(await died).toBe('SIGKILL')
  await endLeases()
  await using _notifier = await bed.start('notifier')
  const [row] = await settled(bed, id, event, 1)
  expect(row).toMatchObject({ status: 'sent', attempts: 2 })
  const mails = sink.mails.filter(({ to }) => to.includes(ana.email))
  expect(mails).toHaveLength(copies)
  expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(1)
})
