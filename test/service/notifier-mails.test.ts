// A shipped loop as its readers get it, from event to mail. Each mail is in its reader's language and time zone, small
// however large the loop, and in one thread with the loop's other mails.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Language } from '../../shared/contracts/define/language.ts'
import { notifier } from '../../shared/contracts/notifier/contract.ts'
import { taskLines } from '../support/mails.ts'
import { caughtUp, openMailEnvironment, ship } from '../support/pending-mails.ts'
import type { People, Someone } from '../support/people.ts'
import { ids, refused, type TestEnvironment } from '../support/service-environment.ts'
import { shippedLoop } from '../support/shipped-loop.ts'
import type { SinkMail, SmtpSink } from '../support/smtp-sink.ts'

const open = new AsyncDisposableStack()
let sink: SmtpSink
let env: TestEnvironment
let people: People

beforeAll(async () => {
  const given = { PUBLIC_URL: 'https://loops.example.com', MAIL_FROM: 'Loops <loops@acme.example>' }
  ;({ env, people, sink } = open.use(await openMailEnvironment(['notifier'], given)))
})
afterAll(() => open.disposeAsync())

const READERS: readonly Readonly<{ locale: string; time_zone?: string; language: Language; says: string }>[] =
  [
    { locale: 'en', language: 'en', says: 'on November 22, 2026 at 3:03 PM GMT+1' },
    { locale: 'en-GB', time_zone: 'Europe/London', language: 'en', says: 'on 22 November 2026 at 14:03 GMT' },
    { locale: 'de-CH', language: 'de', says: 'am 22. November 2026 um 15:03 MEZ' },
    {
      locale: 'fr',
      time_zone: 'America/Montreal',
      language: 'fr',
      says: 'le 22 novembre 2026 à 09:03 UTC−5',
    },
    { locale: 'es-MX', time_zone: 'America/Mexico_City', language: 'es', says: 'el 22 de noviembre de 2026' },
    { locale: 'ar-SA', time_zone: 'Asia/Riyadh', language: 'ar', says: '22 نوفمبر 2026 في 5:03 م' },
    { locale: 'ja', language: 'en', says: 'on November 22, 2026' },
  ]

/** A workspace in Zurich with one member for each reader. */
const team = (name: string) => {
  const at = `${ids.next().toLowerCase()}.example`
  const given = READERS.map(({ locale, time_zone }) => ({
    name: `Reader ${locale}`,
    email: `${locale.toLowerCase()}@${at}`,
    locale,
    ...(time_zone === undefined ? {} : { time_zone }),
  }))
  return people.workspace(name, given, 'Europe/Zurich')
}
const to = ({ email }: Someone): SinkMail[] => sink.mails.filter((mail) => mail.to.includes(email))

test('each_reader_gets_their_language_and_time_zone_however_large_the_loop', async () => {
  const { id, members } = await team('Acme Store')
  const title = '\'"{}<&😀'.repeat(23).slice(0, 190)
  const event = await ship(env, id, members[0] as Someone, {
    name: title,
    description: title.repeat(20),
    task_counts: { ...shippedLoop().task_counts, total: 20_000, shipped: 10_000 },
    shipped_tasks: taskLines(20, title, 'shipped'),
    unfinished_tasks: taskLines(20, title, 'open'),
    unfinished_total: 10_000,
  })
  await caughtUp(env, id, event, members.length)
  for (const [index, { language, says }] of READERS.entries()) {
    const [mail] = to(members[index] as Someone)
    const { html = '', text = '', headers = {} } = mail ?? {}
    expect(headers['content-language']).toBe(language)
    expect(html).toContain(`<html lang="${language}" dir="${language === 'ar' ? 'rtl' : 'ltr'}"`)
    for (const part of [html.replace(/<.?bdi>/g, ''), text]) expect(part).toContain(says)
    expect(html.match(/<li /g)).toHaveLength(20)
    expect(Buffer.byteLength(html)).toBeLessThan(80 * 1_024)
  }
})

test('mails_of_one_loop_form_a_thread_and_those_of_another_do_not_join_it', async () => {
  const { id, members } = await team('Acme Store')
  const [reader] = members
  if (!reader) throw new Error('There are readers.')
  const [one, other] = [ids.next(), ids.next()]
  for (const loop_id of [one, other, one])
    await caughtUp(env, id, await ship(env, id, reader, { loop_id }), members.length)
  const mails = to(reader)
  expect(mails.map(({ headers }) => headers.references)).toEqual(
    [one, other, one].map((loop_id) => `<loop.${loop_id}@acme.example>`),
  )
  for (const { headers } of mails) expect(headers['in-reply-to']).toBe(headers.references)
  expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(3)
})

test('a_workspace_has_one_list_id_whatever_its_name', async () => {
  const { id, members } = await team('متجر <eve@evil.com>, "Acme"')
  const reader = members[0] as Someone
  await caughtUp(env, id, await ship(env, id, reader), members.length)
  const [mail] = to(reader)
  expect(mail?.headers['list-id']).toMatch(new RegExp(`<${id.toLowerCase()}\\.loops\\.acme\\.example>$`))
  expect(mail?.to).toEqual([reader.email])
  expect(mail?.html).toContain('<bdi>متجر &lt;eve@evil.com&gt;, &quot;Acme&quot;</bdi>')
})

test('a_preview_of_a_ship_mail_is_answered_and_neither_kept_nor_sent', async () => {
  const { members } = await team('Acme Store')
  const [, , reader] = members
  if (!reader) throw new Error('There are readers.')
  const { loop_id: id, name, description, visibility, task_counts: counts } = shippedLoop()
  const asked = {
    loop: { id, name, description, visibility },
    summary: { counts, shipped: [], unfinished: [], unfinished_total: 1 },
    workspace_name: 'Acme Store',
    locale: 'de-CH',
    time_zone: 'Europe/Zurich',
  }
  const before = sink.mails.length
  const preview = await env.as(notifier, reader.caller).preview_ship_mail(asked)
  expect(preview.language).toBe('de')
  expect(preview.subject).toContain(name)
  expect(preview.html).toContain('<html lang="de"')
  const { deliveries } = await env.as(notifier, reader.caller).list_deliveries({})
  expect([deliveries, sink.mails.length]).toEqual([[], before])
  expect(await refused(env.as(notifier, null).preview_ship_mail(asked))).toMatchObject({ code: 'forbidden' })
})
