// Replies of mail servers, and what the ledger records. Whose fault it is decides whether a mail ends, waits, or puts
// its address out of use.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { notifier } from '../../shared/contracts/notifier/contract.ts'
import { caughtUp, listed, ship } from '../support/pending-mails.ts'
import { openPeople, type People, type Someone } from '../support/people.ts'
import {
  ids,
  openEnvironment,
  person,
  refused,
  type TestEnvironment,
} from '../support/service-environment.ts'
import { type SinkFault, type SinkMoment, type SmtpSink, startSmtpSink } from '../support/smtp-sink.ts'

const open = new AsyncDisposableStack()
let sink: SmtpSink
let env: TestEnvironment
let people: People

beforeAll(async () => {
  sink = open.use(await startSmtpSink())
  // With a login: the sink requires none, but checks a given one.
  const SMTP_URL = sink.url.replace('//', '//loops:secret@')
  env = open.use(await openEnvironment({ PORT: '0', SMTP_URL, LOG: 'error' }))
  await env.start('gateway')
  people = open.use(await openPeople(env.mongodbUrl))
})
afterAll(() => open.disposeAsync())
beforeEach(() => sink.misbehave())

/** A workspace of one person with an address of their own. */
const someone = async (): Promise<Readonly<{ ws: string; ana: Someone }>> => {
  const email = `Ana@${ids.next().toLowerCase()}.example`
  const { id, members } = await people.workspace('Acme', [{ name: 'Ana', email }])
  const [ana] = members
  if (!ana) throw new Error('One person was asked for.')
  return { ws: id, ana }
}
const mailsTo = ({ email }: Someone): number => sink.mails.filter(({ to }) => to.includes(email)).length

/** Waits for the ledger's row of an event's only mail. */
const rowOf = (ws: string, event: string) => async () => (await listed(env, ws, event))[0]

const always =
  (at: SinkMoment['at'], fault: SinkFault) =>
  (moment: SinkMoment): SinkFault | undefined =>
    moment.at === at ? fault : undefined

describe('a refusal of this mail', () => {
  it.each([
    ['greylisted', 'rcpt', { reply: 451, text: '4.7.1 Greylisted, come back later' }],
    ['too_many_at_once', 'data', { reply: 452, text: '4.3.1 Out of space' }],
    ['hung_up', 'rcpt', 'cut'],
  ] as const)('waits_when_%s_and_is_sent_later', async (_, at, fault) => {
    await using _notifier = await env.start('notifier')
    const { ws, ana } = await someone()
    let times = 0
    sink.misbehave((moment) => (moment.at === at && times++ === 0 ? fault : undefined))
    const [row] = await caughtUp(env, ws, await ship(env, ws, ana), 1)
    expect(row).toMatchObject({ status: 'sent', attempts: 2, last_error: null })
    expect(mailsTo(ana)).toBe(1)
  })

  it.each([
    ['mailbox_full', 'rcpt', { reply: 552, text: '5.2.2 Mailbox full' }],
    ['too_large', 'data', { reply: 552, text: '5.3.4 Message too big' }],
    ['too_large_said_early', 'mail', { reply: 552, text: '5.3.4 Message too big' }],
    ['policy', 'rcpt', { reply: 550, text: '5.7.1 Not from you' }],
    ['no_reason', 'rcpt', { reply: 550, text: 'No' }],
    ['spam', 'data', { reply: 554, text: '5.7.1 Looks like spam' }],
  ] as const)('ends_it_for_%s_and_leaves_the_address_in_use', async (_, at, fault) => {
    await using _notifier = await env.start('notifier')
    const { ws, ana } = await someone()
    sink.misbehave(always(at, fault))
    const [row] = await caughtUp(env, ws, await ship(env, ws, ana), 1)
    expect(row).toMatchObject({ status: 'failed', attempts: 1, last_error: `${fault.reply} ${fault.text}` })
    sink.misbehave()
    const [next] = await caughtUp(env, ws, await ship(env, ws, ana), 1)
    expect(next).toMatchObject({ status: 'sent' })
    expect(mailsTo(ana)).toBe(1)
  })
})

describe('an address where nobody is', () => {
  const NOBODY = { reply: 550, text: '5.1.1 No such user here' } as const

  it.each(['5.1.1', '5.1.2', '5.1.3', '5.1.6', '5.1.10'])('out_of_use_after_%s', async (code) => {
    await using _notifier = await env.start('notifier')
    const { ws, ana } = await someone()
    sink.misbehave(always('rcpt', { reply: 550, text: `${code} nobody` }))
    const [first] = await caughtUp(env, ws, await ship(env, ws, ana), 1)
    expect(first).toMatchObject({ status: 'failed', attempts: 1 })
    sink.misbehave()
    const [second] = await caughtUp(env, ws, await ship(env, ws, ana), 1)
    expect(second).toMatchObject({
      status: 'suppressed',
      attempts: 0,
      last_error: `550 ${code} nobody`,
    })
    expect(mailsTo(ana)).toBe(0)
  })

  it('in_use_again_when_an_owner_says_so_and_that_mail_is_sent', async () => {
    await using _notifier = await env.start('notifier')
    const { ws, ana } = await someone()
    sink.misbehave(always('rcpt', NOBODY))
    const [row] = await caughtUp(env, ws, await ship(env, ws, ana), 1)
    sink.misbehave()
    const { retry_delivery } = env.as(notifier, ana.caller)
    expect(await retry_delivery({ delivery_id: row?.id ?? '' })).toEqual({ status: 'pending' })
    await expect.poll(() => mailsTo(ana)).toBe(1)
    const [next] = await caughtUp(env, ws, await ship(env, ws, ana), 1)
    expect(next?.status).toBe('sent')
  })

  it('in_use_again_when_the_person_says_so', async () => {
    await using _notifier = await env.start('notifier')
    const { ws, ana } = await someone()
    sink.misbehave(always('rcpt', NOBODY))
    await caughtUp(env, ws, await ship(env, ws, ana), 1)
    sink.misbehave()
    const own = env.as(notifier, ana.caller)
    expect((await own.get_my_subscription({})).out_of_use).toBe('550 5.1.1 No such user here')
    expect(await own.use_my_address({})).toEqual({ changed: true })
    expect((await own.get_my_subscription({})).out_of_use).toBeNull()
    const [next] = await caughtUp(env, ws, await ship(env, ws, ana), 1)
    expect(next?.status).toBe('sent')
  })

  it('an_invitation_is_held_back_too_until_the_owner_sends_it', async () => {
    await using _notifier = await env.start('notifier')
    const { ws, ana } = await someone()
    const email = `new@${ids.next().toLowerCase()}.example`
    sink.misbehave(always('rcpt', NOBODY))
    await people.invite(ana, email)
    const { list_deliveries, retry_delivery } = env.as(notifier, ana.caller)
    const failed = async () => (await list_deliveries({ status: 'failed' })).deliveries
    await expect.poll(failed).toMatchObject([{ template: 'invitation', to: email }])
    sink.misbehave()
    await retry_delivery({ delivery_id: (await failed())[0]?.id ?? '' })
    await sink.waitFor((mails) => mails.some(({ to }) => to.includes(email)))
    expect(ws).toBe(ana.caller.workspace_id)
  })
})

describe('a fault that stops every mail', () => {
  it.each([
    ['login_refused', 'auth', { reply: 535, text: '5.7.8 Bad credentials' }],
    ['sender_refused', 'mail', { reply: 553, text: '5.7.1 Not your address' }],
    ['starttls_wanted', 'mail', { reply: 530, text: '5.7.0 Must issue a STARTTLS command first' }],
    ['login_wanted', 'mail', { reply: 530, text: '5.7.0 Authentication required' }],
    ['sender_refused_late', 'rcpt', { reply: 550, text: '5.1.8 Sender address rejected: Domain not found' }],
    ['nothing_taken_now', 'mail', { reply: 421, text: '4.3.2 Not now' }],
  ] as const)('%s: nobody_is_given_up_and_all_are_sent_once_it_is_mended', async (_, at, fault) => {
    sink.misbehave(always(at, fault))
    const first = await someone()
    const second = await someone()
    const events = await Promise.all([first, second].map(({ ws, ana }) => ship(env, ws, ana)))
    await using _notifier = await env.start('notifier')
    const rows = () => Promise.all([first, second].map(({ ws }, nth) => rowOf(ws, events[nth] ?? '')()))
    await expect.poll(async () => (await rows()).some((row) => row?.last_error !== null)).toBe(true)
    expect((await rows()).map((row) => row?.status === 'failed')).toEqual([false, false])
    sink.misbehave()
    for (const [nth, { ws, ana }] of [first, second].entries()) {
      const [row] = await caughtUp(env, ws, events[nth] ?? '', 1)
      expect(row).toMatchObject({ status: 'sent', attempts: 1 })
      expect(mailsTo(ana)).toBe(1)
    }
  })

  it('an_untrusted_certificate_is_refused', async () => {
    await using unsafe = await startSmtpSink({ tls: true })
    await using own = await openEnvironment({ PORT: '0', SMTP_URL: unsafe.url, LOG: 'error' })
    await own.start('gateway')
    await own.start('notifier')
    await using there = await openPeople(own.mongodbUrl)
    const { id, members } = await there.workspace('Acme', [{ name: 'Ana' }])
    const event = await ship(own, id, members[0] as Someone)
    const row = async () => (await listed(own, id, event))[0]
    await expect.poll(async () => (await row())?.last_error).toMatch(/TLS|certificate/)
    expect(await row()).toMatchObject({ status: 'pending', attempts: 0 })
    expect(unsafe.mails).toEqual([])
  })

  it('a_server_that_was_down_gets_all_mails_when_it_is_back', async () => {
    // Below the ephemeral ports, so that nothing else takes it before the server starts.
    const port = 20_000 + (process.pid % 10_000)
    await using own = await openEnvironment({ PORT: '0', SMTP_URL: `smtp://127.0.0.1:${port}`, LOG: 'error' })
    await own.start('gateway')
    await own.start('notifier')
    await using there = await openPeople(own.mongodbUrl)
    const { id, members } = await there.workspace('Acme', [{ name: 'Ana' }, { name: 'Ben' }])
    const event = await ship(own, id, members[0] as Someone)
    const errors = async () => (await listed(own, id, event)).map(({ last_error }) => last_error ?? '')
    await expect.poll(async () => (await errors()).join()).toContain('ECONNREFUSED')
    await using back = await startSmtpSink({ port })
    const rows = await caughtUp(own, id, event, 2)
    expect(rows.map(({ status, attempts }) => [status, attempts])).toEqual(Array(2).fill(['sent', 1]))
    expect(back.mails).toHaveLength(2)
  })
})

describe('sending again', () => {
  it('is_refused_for_what_was_sent_or_still_waits', async () => {
    await using _notifier = await env.start('notifier')
    const { ws, ana } = await someone()
    const [row] = await caughtUp(env, ws, await ship(env, ws, ana), 1)
    const again = env.as(notifier, ana.caller).retry_delivery({ delivery_id: row?.id ?? '' })
    expect((await refused(again)).code).toBe('invalid_transition')
    expect(mailsTo(ana)).toBe(1)
  })
  it('is_refused_to_other_members_and_other_workspaces', async () => {
    await using _notifier = await env.start('notifier')
    const { ws, ana } = await someone()
    sink.misbehave(always('rcpt', { reply: 550, text: '5.7.1 No' }))
    const [row] = await caughtUp(env, ws, await ship(env, ws, ana), 1)
    const elsewhere = await someone()
    for (const caller of [person(ws), elsewhere.ana.caller]) {
      const again = env.as(notifier, caller).retry_delivery({ delivery_id: row?.id ?? '' })
      expect((await refused(again)).code).toBe('not_found')
    }
  })
})
