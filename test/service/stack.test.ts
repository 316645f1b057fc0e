// The servers that the other tests use: real, empty, and isolated from one another.
import { RetentionPolicy } from '@nats-io/jetstream'
import { createTransport } from 'nodemailer'
import { afterAll, expect, test } from 'vitest'
import { connectBus } from '../../shared/bus/connect.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { startSmtpSink } from '../support/smtp-sink.ts'
import { freshStack } from '../support/stack.ts'

const log = createLog({ filter: 'error', topic: 'stack-test' })
const open = new AsyncDisposableStack()
afterAll(() => open.disposeAsync())

const busOf = async ({ natsUrl }: { natsUrl: string }, name: string) =>
  open.use(await connectBus(natsUrl, name, log))

test('a_request_is_answered_in_its_own_stack_and_received_in_no_other', async () => {
  const mine = freshStack()
  const service = await busOf(mine, 'service')
  const caller = await busOf(mine, 'caller')
  const stranger = await busOf(freshStack(), 'stranger')
  service.nc.subscribe('rpc.tasks.get_task', { callback: (_error, request) => void request.respond('here') })
  await service.nc.flush()

  const reply = await caller.nc.request('rpc.tasks.get_task', '', { timeout: 5_000 })

  expect(reply.string()).toBe('here')
  await expect(stranger.nc.request('rpc.tasks.get_task', '', { timeout: 5_000 })).rejects.toThrow(
    /no responders/,
  )
})

test('a_published_event_is_kept_once_however_often_it_is_sent', async () => {
  const { js, jsm } = await busOf(freshStack(), 'publisher')
  await jsm.streams.add({ name: 'EVENTS', subjects: ['evt.>'], retention: RetentionPolicy.Limits })

  const first = await js.publish('evt.tasks.task.created.W', 'one', { msgID: 'event-1' })
  const second = await js.publish('evt.tasks.task.created.W', 'one', { msgID: 'event-1' })

  expect([first.duplicate, second.duplicate]).toEqual([false, true])
  expect((await jsm.streams.info('EVENTS')).state.messages).toBe(1)
})

test('a_write_is_acknowledged_by_a_majority_and_unseen_in_another_stack', async () => {
  const mine = open.use(await connectMongo(freshStack().mongodbUrl, log))
  const other = open.use(await connectMongo(freshStack().mongodbUrl, log))

  const written = await mine
    .database('tasks')
    .collection('notes')
    .insertOne({ text: 'kept' }, { writeConcern: { w: 'majority' } })

  expect(written.acknowledged).toBe(true)
  expect(await mine.database('tasks').collection('notes').countDocuments()).toBe(1)
  expect(await other.database('tasks').collection('notes').countDocuments()).toBe(0)
})

const MAIL = {
  from: 'loops@example.com',
  to: 'ada@example.com',
  subject: 'Shipped: ünïcode',
  text: 'Well done',
}

test('a_mail_arrives_with_its_envelope_and_its_parts', async () => {
  const sink = open.use(await startSmtpSink())
  const mailer = createTransport(sink.url)

  await mailer.sendMail({ ...MAIL, html: '<p>Well done</p>', headers: { 'X-Loops': 'yes' } })
  const [mail] = await sink.waitFor((mails) => mails.length === 1)

  expect(mail).toMatchObject({ from: 'loops@example.com', to: ['ada@example.com'], subject: MAIL.subject })
  expect(mail?.text.trim()).toBe('Well done')
  expect(mail?.html).toContain('<p>Well done</p>')
  expect(mail?.headers['x-loops']).toBe('yes')
})

test('a_sink_refuses_temporarily_then_permanently_then_accepts_as_planned', async () => {
  const sink = open.use(await startSmtpSink())
  const mailer = createTransport(sink.url)
  sink.misbehave(({ at, nth }) => {
    if (at === 'rcpt') return nth === 0 ? { reply: 550, text: '5.1.1 unknown' } : undefined
    return at === 'data' && nth === 0 ? { reply: 451, text: '4.3.0 later' } : undefined
  })

  await expect(mailer.sendMail(MAIL)).rejects.toMatchObject({ responseCode: 550 })
  await expect(mailer.sendMail(MAIL)).rejects.toMatchObject({ responseCode: 451 })
  await mailer.sendMail(MAIL)

  expect(sink.mails).toHaveLength(1)
})

test('a_mail_whose_connection_is_cut_after_its_data_has_arrived_though_the_sender_failed', async () => {
  const sink = open.use(await startSmtpSink())
  sink.misbehave(({ at }) => (at === 'data' ? 'cut' : undefined))

  await expect(createTransport(sink.url).sendMail(MAIL)).rejects.toThrow()

  expect(sink.mails.map(({ subject }) => subject)).toEqual([MAIL.subject])
})
