// The development mailbox, over real NATS, MongoDB and SMTP. Mails of any notifier are stored there, survive it, and are
// shown by the gateway's page and JSON.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { devMailRoutes } from '../../services/gateway/web/dev-mail/dev-mail-page.ts'
import { type DevMails, KEPT_MAILS, openDevMails } from '../../services/notifier/dev-mail-store.ts'
import { startDevMailbox } from '../../services/notifier/dev-mailbox.ts'
import { createMailer, type Mail } from '../../services/notifier/mailer.ts'
import { client } from '../../shared/bus/client.ts'
import { notifier } from '../../shared/contracts/notifier/contract.ts'
import type { DevMail } from '../../shared/contracts/notifier/shapes.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { readConfig } from '../../shared/process/config.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { asService } from '../support/keys.ts'
import { caughtUp, ship } from '../support/pending-mails.ts'
import { openPeople, type People, type Someone } from '../support/people.ts'
import { ids, openEnvironment, type TestEnvironment } from '../support/service-environment.ts'

const log = createLog({ filter: 'error', topic: 'test' })
const silent = createLog({ filter: 'error', topic: 'test', write: () => undefined })
const open = new AsyncDisposableStack()
let env: TestEnvironment
let people: People
let mailbox: DevMails

beforeAll(async () => {
  env = open.use(await openEnvironment({ PORT: '0' }))
  await env.start('gateway')
  people = open.use(await openPeople(env.mongodbUrl))
  const mongo = open.use(await connectMongo(env.mongodbUrl, log))
  mailbox = await openDevMails(mongo.database('notifier'))
})
afterAll(() => open.disposeAsync())

const routes = (variables: Readonly<Record<string, string>> = {}) =>
  devMailRoutes({
    config: readConfig(variables),
    clock,
    notifier: client(asService(env.bus, 'gateway'), notifier),
  })
/** Sends a request like a browser on this machine. */
const look = (
  path: string,
  variables: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
) => routes(variables).request(path, { headers: { host: 'localhost:4000', ...headers } })
const json = async (): Promise<DevMail[]> => (await (await look('/dev/mail.json')).json()) as DevMail[]
const kept = (changes: Partial<DevMail>): DevMail => ({
  id: ids.next(),
  date: clock.now().toISOString(),
  to: 'ana@example.com',
  from: 'loops@example.com',
  subject: 'A mail',
  text: '',
  html: '',
  headers: {},
  ...changes,
})

describe('mails that are kept', () => {
  it('one_mail_for_each_member_from_two_notifiers_which_survives_a_restart', async () => {
    const { id, members } = await people.workspace('Acme', [{ name: 'Ana' }, { name: 'Ben' }])
    const first = await env.start('notifier', 2)
    await caughtUp(env, id, await ship(env, id, members[0] as Someone, { name: 'One' }), 2)
    await first[Symbol.asyncDispose]()
    await env.start('notifier', 2)
    await caughtUp(env, id, await ship(env, id, members[0] as Someone, { name: 'Two' }), 2)
    const mails = await json()
    expect(mails.map(({ subject }) => subject)).toEqual([
      ...Array(2).fill('Shipped: Two'),
      ...Array(2).fill('Shipped: One'),
    ])
    expect(mails.map(({ to }) => to).toSorted()).toEqual([
      ...Array(2).fill('ana@example.com'),
      ...Array(2).fill('ben@example.com'),
    ])
    const [newest] = mails
    expect(newest?.from).toBe('loops@localhost')
    expect(newest?.text).toMatch(/(Ana|You) shipped this loop/)
    expect(newest?.html).toContain('<h1')
    expect(newest?.headers['list-unsubscribe']).toMatch(/^<http:\/\/localhost:0\/u\/[\w-]{112}>$/)
    expect(newest?.headers['auto-submitted']).toBe('auto-generated')
    expect(Date.parse(newest?.date ?? '')).not.toBeNaN()
  })
  it('pages_fit_the_bus_however_large_the_mails_are', async () => {
    const large = Array.from({ length: 5 }, (_, index) =>
      kept({ subject: `Large ${index}`, text: 'x'.repeat(400_000) }),
    )
    for (const mail of large) expect(await mailbox.add(mail)).toBe(true)
    const subjects = (await json()).map(({ subject }) => subject).slice(0, 5)
    expect(subjects).toEqual([4, 3, 2, 1, 0].map((index) => `Large ${index}`))
    expect(await mailbox.add(kept({ text: '\u0001'.repeat(200_000) }))).toBe(false)
  })
  it('only_the_newest_five_hundred_are_kept', async () => {
    const mails = Array.from({ length: KEPT_MAILS + 5 }, (_, index) => kept({ subject: `Mail ${index}` }))
    for (let start = 0; start < mails.length; start += 50)
      await Promise.all(mails.slice(start, start + 50).map((mail) => mailbox.add(mail)))
    const subjects = (await json()).map(({ subject }) => subject)
    expect(subjects).toHaveLength(KEPT_MAILS)
    expect(subjects[0]).toBe(`Mail ${KEPT_MAILS + 4}`)
    expect(subjects.at(-1)).toBe('Mail 5')
  })
})

describe('the mailbox’s SMTP server', () => {
  const mail = (changes: Partial<Mail>): Mail => ({
    message_id: '<1@example.com>',
    date: clock.now(),
    from: { name: 'Loops', address: 'loops@example.com' },
    to: { name: 'Ana', address: 'ana@example.com' },
    subject: 'Grüße 🙂',
    text: 'one\n.\ntwo',
    html: '<p>one</p>',
    language: 'en',
    ...changes,
  })
  it('keeps_what_it_accepts_and_permanently_refuses_what_is_too_large', async () => {
    const taken: DevMail[] = []
    const keep = async (one: DevMail) => taken.push(one) > 0
    await using box = await startDevMailbox({ keep, clock, ids, log })
    await using mailer = createMailer(box.url)
    expect(await mailer.send(mail({}))).toEqual({ outcome: 'accepted' })
    expect(taken).toMatchObject([{ subject: 'Grüße 🙂', text: 'one\n.\ntwo', to: 'ana@example.com' }])
    expect(await mailer.send(mail({ text: 'x\n'.repeat(400_000) }))).toMatchObject({ outcome: 'refused' })
    expect(taken).toHaveLength(1)
  })
  it('refuses_temporarily_while_a_mail_cannot_be_stored', async () => {
    const keep = () => Promise.reject(new Error('no database'))
    await using box = await startDevMailbox({ keep, clock, ids, log: silent })
    await using mailer = createMailer(box.url)
    expect(await mailer.send(mail({}))).toEqual({
      outcome: 'deferred',
      reason: expect.stringContaining('451'),
    })
  })
})

describe('the pages', () => {
  it('list_and_single_mail_show_hostile_text_as_text', async () => {
    const hostile = '<script>alert(1)</script>"\'&'
    const mail = kept({
      subject: hostile,
      to: hostile,
      text: hostile,
      html: `<p>${hostile}</p>`,
      headers: { subject: hostile },
    })
    await mailbox.add(mail)
    for (const path of ['/dev/mail', `/dev/mail/${mail.id}`]) {
      const answer = await look(path)
      const page = await answer.text()
      expect(answer.status).toBe(200)
      expect(page).toContain('&lt;script&gt;')
      expect(page).not.toContain('<script')
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
  })
  it('a_mail_is_shown_in_a_frame_without_scripts', async () => {
    const mail = kept({ html: '<p title="a">one</p>' })
    await mailbox.add(mail)
    const page = await (await look(`/dev/mail/${mail.id}`)).text()
    expect(page).toMatch(
      /<iframe [^>]*sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="&lt;p title=&quot;a&quot;&gt;/,
    )
  })
  it('older_mails_are_a_link_away', async () => {
    const page = await (await look('/dev/mail')).text()
    const [, older] = /href="(\/dev\/mail\?before=\w+)"/.exec(page) ?? []
    const next = await (await look(older ?? '')).text()
    expect(next).toContain('<tbody>')
    expect(next).not.toBe(page)
  })
  it.each([
    { host: 'evil.example:4000' },
    { host: 'localhost.evil.example' },
    { host: '192.168.1.2:4000' },
    { 'x-forwarded-for': '203.0.113.9' },
    { 'x-forwarded-host': 'abc.tunnel.example' },
    { forwarded: 'for=203.0.113.9' },
    { via: '1.1 tunnel' },
  ] as Record<string, string>[])('not_shown_to_a_request_with %j', async (headers) => {
    for (const path of ['/dev/mail', '/dev/mail.json', `/dev/mail/${ids.next()}`])
      expect((await look(path, {}, headers)).status).toBe(404)
  })
  it.each([
    { SMTP_URL: 'smtp://mail.example.com' },
    { NODE_ENV: 'production' },
    { PUBLIC_URL: 'https://loops.example.com' },
    { PUBLIC_URL: 'http://192.168.1.2:4000' },
  ] as Record<string, string>[])('not_there_with %j', async (variables) => {
    for (const path of ['/dev/mail', '/dev/mail.json', `/dev/mail/${ids.next()}`])
      expect((await look(path, variables)).status).toBe(404)
  })
})
