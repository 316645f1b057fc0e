// The notifier from event to mail: two instances, real NATS and MongoDB, and a real gateway for members. The SMTP server
// keeps its mails and misbehaves on demand.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { start } from '../../services/notifier/main.ts'
import { notifier } from '../../shared/contracts/notifier/contract.ts'
import { readConfig } from '../../shared/process/config.ts'
import { allReactedTo, caughtUp, openMailEnvironment, privateLoop, ship } from '../support/pending-mails.ts'
import type { People, Someone } from '../support/people.ts'
import { ids, type TestEnvironment } from '../support/service-environment.ts'
import type { SinkMail, SmtpSink } from '../support/smtp-sink.ts'

const PUBLIC_URL = 'https://loops.example.com'

const open = new AsyncDisposableStack()
let sink: SmtpSink
let env: TestEnvironment
let people: People

beforeAll(async () => {
  const given = { PUBLIC_URL, MAIL_FROM: 'Loops of Acme <loops@acme.example>' }
  ;({ env, people, sink } = open.use(
    await openMailEnvironment(['loops-queue', 'notifier', 'notifier'], given),
  ))
})
afterAll(() => open.disposeAsync())
beforeEach(() => sink.misbehave())

type Team = Readonly<{ id: string; ana: Someone; ben: Someone; cem: Someone }>

/** A workspace of three in Zurich, with addresses of their own. */
const team = async (): Promise<Team> => {
  const at = `${ids.next().toLowerCase()}.example`
  const some = [
    { name: 'Ana López', email: `ana@${at}` },
    { name: 'Ben', email: `ben@${at}` },
    { name: 'Cem', email: `cem@${at}` },
  ]
  const { id, members } = await people.workspace('Acme Store', some, 'Europe/Zurich')
  const [ana, ben, cem] = members
  if (!ana || !ben || !cem) throw new Error('Three people were asked for.')
  return { id, ana, ben, cem }
}

const to = ({ email }: Someone): SinkMail[] => sink.mails.filter((mail) => mail.to.includes(email))
const numberOfMails = (...someone: Someone[]): number[] => someone.map((one) => to(one).length)
const tokenOf = (mail: SinkMail | undefined): string =>
  /\/u\/([\w-]+)>/.exec(mail?.headers['list-unsubscribe'] ?? '')?.[1] ?? ''

describe('a shipped loop', () => {
  it('each_member_gets_one_mail_including_who_shipped_it', async () => {
    const { id, ana, ben, cem } = await team()
    const rows = await caughtUp(env, id, await ship(env, id, ana), 3)
    expect(rows.map(({ status, attempts }) => [status, attempts])).toEqual(Array(3).fill(['sent', 1]))
    expect(numberOfMails(ana, ben, cem)).toEqual([1, 1, 1])
    for (const one of [ana, ben, cem]) {
      const [mail] = to(one)
      expect(mail?.to).toEqual([one.email])
      const greeting =
        one === ana ? /You shipped this loop .* Nice work, Ana López!/ : `Hi ${one.name}, Ana López shipped`
      expect(mail?.text).toMatch(greeting)
      expect(mail?.html).toContain(`<bdi>${one.name}</bdi>`)
      // 14:03 UTC, as the workspace's clocks show it.
      expect(mail?.text).toContain('3:03 PM GMT+1')
      expect(mail?.text).toMatch(new RegExp(`${RegExp.escape(PUBLIC_URL)}/loops/\\w{26}\\?workspace=${id}`))
    }
  })
  it('one_mail_when_the_event_is_delivered_repeatedly', async () => {
    const { id, ana, ben, cem } = await team()
    const event = await ship(env, id, ana, {}, 5)
    await allReactedTo(env)
    await caughtUp(env, id, event, 3)
    await caughtUp(env, id, await ship(env, id, ana), 3)
    expect(numberOfMails(ana, ben, cem)).toEqual([2, 2, 2])
    expect(new Set(sink.mails.map(({ messageId }) => messageId)).size).toBe(sink.mails.length)
  })
  it('only_its_members_get_mails_when_it_is_private', async () => {
    const { id, ana, ben, cem } = await team()
    const loop_id = await privateLoop(env, ben, [cem.id])
    const event = await ship(env, id, ben, { loop_id, visibility: 'private', member_ids: [ben.id, cem.id] })
    await caughtUp(env, id, event, 2)
    expect(numberOfMails(ana, ben, cem)).toEqual([0, 1, 1])
    expect(to(cem)[0]?.text).toContain('are a member of this loop')
  })
  it('former_members_get_no_mail', async () => {
    const { id, ana, ben } = await team()
    const loop_id = await privateLoop(env, ben, [])
    const member_ids = [ben.id, ids.next()]
    const event = await ship(env, id, ben, { loop_id, visibility: 'private', member_ids })
    await caughtUp(env, id, event, 1)
    expect(numberOfMails(ana, ben)).toEqual([0, 1])
  })
  it('every_member_of_a_large_workspace_gets_one_mail', async () => {
    const at = `${ids.next().toLowerCase()}.example`
    const many = Array.from({ length: 250 }, (_, index) => ({
      name: `Member ${index}`,
      email: `m${index}@${at}`,
    }))
    const { id, members } = await people.workspace('Large', many)
    const event = await ship(env, id, members[0] as Someone)
    const rows = await caughtUp(env, id, event, 250)
    expect(rows.every(({ status }) => status === 'sent')).toBe(true)
    expect(numberOfMails(...members)).toEqual(Array(250).fill(1))
  })
  it('the_mail_has_exactly_these_headers', async () => {
    const { id, ana } = await team()
    const loop_id = ids.next()
    const event = await ship(env, id, ana, { loop_id })
    await caughtUp(env, id, event, 3)
    const [mail] = to(ana)
    const { date, 'content-type': type, ...rest } = mail?.headers ?? {}
    expect(rest).toEqual({
      from: 'Loops of Acme <loops@acme.example>',
      to: `=?UTF-8?Q?Ana_L=C3=B3pez?= <${ana.email}>`,
      subject: 'Shipped: Checkout that survives a flaky network',
      'message-id': `<loop-shipped.${event}.${ana.id}@acme.example>`,
      references: `<loop.${loop_id}@acme.example>`,
      'in-reply-to': `<loop.${loop_id}@acme.example>`,
      'content-language': 'en',
      'list-id': `"Acme Store" <${id.toLowerCase()}.loops.acme.example>`,
      'list-unsubscribe': `<${PUBLIC_URL}/u/${tokenOf(mail)}>`,
      'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
      'auto-submitted': 'auto-generated',
      'x-auto-response-suppress': 'All',
      'mime-version': '1.0',
    })
    expect(type).toMatch(/^multipart\/alternative;/)
    expect(mail?.raw.indexOf('text/plain')).toBeLessThan(mail?.raw.indexOf('text/html') ?? 0)
    expect(Date.parse(date ?? '')).toBe(Math.floor(timeOf(event) / 1_000) * 1_000)
  })
})

/** The time in a ULID: the event was made and published within a millisecond or two. */
const timeOf = (id: string): number =>
  [...id.slice(0, 10)].reduce(
    (time, character) => time * 32 + '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(character),
    0,
  )

describe('mail preferences', () => {
  it('nothing_is_sent_after_unsubscribing_by_the_link_of_a_mail', async () => {
    const { id, ana, ben, cem } = await team()
    await caughtUp(env, id, await ship(env, id, ana), 3)
    const { get_subscription, set_subscription } = env.as(notifier, null)
    const token = tokenOf(to(ben)[0])
    expect(await get_subscription({ token })).toEqual({
      workspace_name: 'Acme Store',
      email: ben.email,
      wants: 'all',
      muted: [],
      mentions: true,
      loop: null,
    })
    expect(await set_subscription({ token, wants: 'none' })).toEqual({ wants: 'none' })
    expect(await set_subscription({ token, wants: 'none' })).toEqual({ wants: 'none' })
    const rows = await caughtUp(env, id, await ship(env, id, ana), 3)
    expect(rows.find(({ user_id }) => user_id === ben.id)?.status).toBe('suppressed')
    expect(numberOfMails(ana, ben, cem)).toEqual([2, 1, 2])
    await set_subscription({ token, wants: 'all' })
    await caughtUp(env, id, await ship(env, id, ana), 3)
    expect(numberOfMails(ana, ben, cem)).toEqual([3, 2, 3])
  })
  it('unsubscribing_stops_a_mail_that_waits_for_its_next_try', async () => {
    const { id, ana, ben, cem } = await team()
    await caughtUp(env, id, await ship(env, id, ana), 3)
    const token = tokenOf(to(ben)[0])
    const refused = Promise.withResolvers<void>()
    sink.misbehave(({ to: [address] }) => {
      if (address !== ben.email) return undefined
      refused.resolve()
      return { reply: 451 }
    })
    const event = await ship(env, id, ana)
    await refused.promise
    await env.as(notifier, null).set_subscription({ token, wants: 'none' })
    const rows = await caughtUp(env, id, event, 3)
    expect(rows.find(({ user_id }) => user_id === ben.id)?.status).toBe('suppressed')
    expect(numberOfMails(ana, ben, cem)).toEqual([2, 1, 2])
  })
  it('unsubscribing_counts_for_this_workspace_alone', async () => {
    const { id, ana, ben } = await team()
    const elsewhere = await team()
    await caughtUp(env, id, await ship(env, id, ana), 3)
    await caughtUp(env, elsewhere.id, await ship(env, elsewhere.id, elsewhere.ana), 3)
    await env.as(notifier, null).set_subscription({ token: tokenOf(to(ben)[0]), wants: 'none' })
    await caughtUp(env, elsewhere.id, await ship(env, elsewhere.id, elsewhere.ana), 3)
    expect(numberOfMails(elsewhere.ben)).toEqual([2])
  })
  it.each(['', 'x', 'A'.repeat(112)])('a_link_that_was_never_sent_is_not_found: %j', async (token) => {
    const { get_subscription, set_subscription } = env.as(notifier, null)
    await expect(get_subscription({ token })).rejects.toMatchObject({ code: 'not_found' })
    await expect(set_subscription({ token, wants: 'none' })).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('a mail server that refuses', () => {
  it('a_temporary_refusal_is_retried_and_the_mail_is_sent_once', async () => {
    const { id, ana, ben, cem } = await team()
    let refusals = 0
    sink.misbehave(({ at, to: [address] }) =>
      at === 'rcpt' && address === ben.email && refusals++ === 0
        ? { reply: 451, text: 'greylisted' }
        : undefined,
    )
    const rows = await caughtUp(env, id, await ship(env, id, ana), 3)
    expect(rows.find(({ user_id }) => user_id === ben.id)).toMatchObject({ status: 'sent', attempts: 2 })
    expect(numberOfMails(ana, ben, cem)).toEqual([1, 1, 1])
  })
  it.each(['rcpt', 'data'] as const)('a_permanent_refusal_at_%s_ends_the_mail', async (moment) => {
    const { id, ana, ben, cem } = await team()
    sink.misbehave(({ at, to: [address] }) =>
      at === moment && address === ben.email ? { reply: 550, text: 'no such user' } : undefined,
    )
    const rows = await caughtUp(env, id, await ship(env, id, ana), 3)
    const row = rows.find(({ user_id }) => user_id === ben.id)
    expect(row).toMatchObject({ status: 'failed', attempts: 1, sent_at: null })
    expect(row?.last_error).toContain('550')
    expect(numberOfMails(ana, ben, cem)).toEqual([1, 0, 1])
  })
  it('a_lost_answer_sends_the_mail_again_with_the_same_id', async () => {
    const { id, ana, ben } = await team()
    let cuts = 0
    sink.misbehave(({ at, to: [address] }) =>
      at === 'data' && address === ben.email && cuts++ === 0 ? 'cut' : undefined,
    )
    await caughtUp(env, id, await ship(env, id, ana), 3)
    const mails = to(ben)
    expect(mails).toHaveLength(2)
    expect(mails[0]?.messageId).toBe(mails[1]?.messageId)
    expect(mails[0]?.headers.date).toBe(mails[1]?.headers.date)
    expect(numberOfMails(ana)).toEqual([1])
  })
})

describe('where mails can go', () => {
  it('production_without_a_mail_server_does_not_start', async () => {
    const config = readConfig({ NODE_ENV: 'production', LOOPS_SECRET: 'x'.repeat(40) })
    await expect(start(config)).rejects.toThrow(/^SMTP_URL is not set/)
  })
  it('there_is_no_mailbox_page_where_mails_are_really_sent', async () => {
    const { get_dev_mail, list_dev_mails } = env.as(notifier, null)
    await expect(list_dev_mails({})).rejects.toMatchObject({ code: 'not_found' })
    await expect(get_dev_mail({ id: ids.next() })).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('an invitation', () => {
  it('one_mail_with_its_secret_link_to_its_address_alone', async () => {
    const { ana } = await team()
    const email = `dana@${ids.next().toLowerCase()}.example`
    await people.invite(ana, email)
    const mails = await sink.waitFor((all) => all.some((mail) => mail.to.includes(email)))
    const mail = mails.find(({ to }) => to.includes(email))
    expect(mail?.to).toEqual([email])
    expect(mail?.subject).toBe('Ana López invites you to Acme Store on Loops')
    const [link = ''] = /https:\/\/loops\.example\.com\/\S+/.exec(mail?.text ?? '') ?? []
    expect(link.length).toBeGreaterThan(PUBLIC_URL.length + 26)
    expect(mail?.html).toContain(`href="${link}"`)
    expect(mail?.headers).not.toHaveProperty('list-unsubscribe')
  })
  it('no_mail_when_it_was_withdrawn_first', async () => {
    const { id, ana } = await team()
    const email = `dana@${ids.next().toLowerCase()}.example`
    const invitation = await people.invite(ana, email)
    await people.withdraw(ana, invitation)
    const [event] = await env.events('gateway', id, (events) => events.length === 1)
    const [row] = await caughtUp(env, id, event?.id ?? '', 1)
    expect(row).toMatchObject({ status: 'suppressed', user_id: null, template: 'invitation' })
    expect(sink.mails.filter((mail) => mail.to.includes(email))).toEqual([])
  })
})
