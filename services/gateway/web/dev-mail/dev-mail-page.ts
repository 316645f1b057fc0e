// The development mailbox: pages for people, JSON for programs. A mail's HTML is shown in a sandboxed frame. Where mails are
// sent, none of this exists.
import { type Context, Hono } from 'hono'
import { html } from 'hono/html'
import { ownCall } from '../../../../shared/bus/headers.ts'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import type { Call, Client } from '../../../../shared/contracts/define/contract.ts'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { notifier } from '../../../../shared/contracts/notifier/contract.ts'
import type { DevMail } from '../../../../shared/contracts/notifier/shapes.ts'
import type { Clock } from '../../../../shared/process/clock.ts'
import { type Config, showsMails } from '../../../../shared/process/config.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { isLocal } from '../../http/guards.ts'
import { type Html, languageFor, messagePage, type Page, send } from '../layout.ts'
import { DEV_MAIL } from '../messages/dev-mail.ts'

export type DevMailDeps = Readonly<{
  config: Pick<Config, 'SMTP_URL' | 'NODE_ENV' | 'PUBLIC_URL'>
  clock: Clock
  notifier: Pick<Client<typeof notifier>, 'list_dev_mails' | 'get_dev_mail'>
}>

/** Mails of a page of the list, and of a request for the JSON, which is bounded in bytes too. */
const LISTED = 25
const FETCHED = 200
/** Bound on the requests for the JSON; more than the mailbox ever needs. */
const MAX_REQUESTS = 1_000

// Mails consist of inline styles. Their links open in a new tab, never in the frame.
const POLICY =
  "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

const shortTime = (date: string): string => `${date.slice(0, 10)} ${date.slice(11, 19)}`

type MailWords = Words<(typeof DEV_MAIL)['en']>

const subjectOf = ({ subject }: DevMail, words: MailWords): string => subject || words.word('no_subject')

const row = (mail: DevMail, words: MailWords): Html => html`<tr>
        <td class="time">${words.isolate(shortTime(mail.date))}</td>
        <td>${words.isolate(mail.to)}</td>
        <td><a href="/dev/mail/${mail.id}">${words.isolate(subjectOf(mail, words))}</a></td>
      </tr>`

const listPage = (language: Language, mails: readonly DevMail[], next_cursor: string | null): Page => {
  const words = wordsOf(DEV_MAIL, language)
  return {
    title: words.word('title'),
    language,
    wide: true,
    body: html`<h1>${words.word('title')}</h1>
    <p class="lead">${words.word('lead')}
      <a href="/dev/mail.json">${words.word('as_json')}</a></p>
    <div class="card">${
      mails.length === 0
        ? html`<p>${words.word('none')}</p>`
        : html`<table>
      <thead><tr><th scope="col">${words.word('time')}</th><th scope="col">${words.word('to')}</th><th scope="col">${words.word('subject')}</th></tr></thead>
      <tbody>${mails.map((mail) => row(mail, words))}</tbody>
    </table>`
    }</div>
    ${next_cursor === null ? '' : html`<p><a href="/dev/mail?before=${next_cursor}">${words.word('older')}</a></p>`}`,
  }
}

const mailPage = (language: Language, mail: DevMail): Page => {
  const words = wordsOf(DEV_MAIL, language)
  const { from, to } = mail
  return {
    title: subjectOf(mail, words),
    language,
    wide: true,
    body: html`<p><a href="/dev/mail">${words.word('all')}</a></p>
    <h1 dir="auto">${subjectOf(mail, words)}</h1>
    <p class="lead">${words.say('from_to', { from, to, time: shortTime(mail.date) })}</p>
    <iframe class="mail" title="${words.word('as_html')}" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${mail.html}"></iframe>
    <section class="card"><h2>${words.word('text_part')}</h2><pre dir="auto">${mail.text}</pre></section>
    <details class="card"><summary>${words.word('headers')}</summary>
    <table dir="ltr"><tbody>${Object.entries(mail.headers).map(
      ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`,
    )}</tbody></table>
    </details>`,
  }
}

const elsewherePage = (language: Language, publicUrl: string): Page => {
  const words = wordsOf(DEV_MAIL, language)
  const next = words.say('elsewhere_next', { url: `${publicUrl}/dev/mail` })
  return messagePage(language, words.word('elsewhere'), next)
}

const allMails = async (deps: DevMailDeps, call: () => Call): Promise<DevMail[]> => {
  const all: DevMail[] = []
  let cursor: string | undefined
  for (let requests = 0; requests < MAX_REQUESTS; requests += 1) {
    const input = { limit: FETCHED, ...(cursor === undefined ? {} : { cursor }) }
    const { mails, next_cursor } = await deps.notifier.list_dev_mails(input, call())
    all.push(...mails)
    if (next_cursor === null) break
    cursor = next_cursor
  }
  return all
}

/**
 * `/dev/mail`, `/dev/mail/:id` and `/dev/mail.json` (an array, newest first: `id`, `date`, `to`, `from`, `subject`,
 * `text`, `html`, `headers`). They need no sign-in, and mails hold links that open accounts. So there are no routes where
 * SMTP_URL is set, in production, or where PUBLIC_URL is not this machine; and nothing that a proxy passed on is answered.
 */
export const devMailRoutes = (deps: DevMailDeps): Hono<GatewayEnv> => {
  const app = new Hono<GatewayEnv>()
  if (!showsMails(deps.config)) return app
  const callOf = (c: Context<GatewayEnv>) => () => ownCall(deps.clock, c.get('request_id') ?? '-')
  const { get_dev_mail, list_dev_mails } = notifier.operations
  // Sites that a mail links to must not learn the address of the page.
  const headers = { 'Content-Security-Policy': POLICY, 'Referrer-Policy': 'no-referrer' }
  const kept = { 'Cache-Control': 'no-store', ...headers }
  app.use('/dev/*', async (c, next) => {
    if (!isLocal(c.req.raw.headers))
      return send(c, elsewherePage(languageFor(c), deps.config.PUBLIC_URL), { status: 404 })
    return next()
  })
  app.get('/dev/mail', async (c) => {
    const input = checkInput(list_dev_mails.input, { limit: LISTED, cursor: c.req.query('before') })
    const { mails, next_cursor } = await deps.notifier.list_dev_mails(input, callOf(c)())
    return send(c, listPage(languageFor(c), mails, next_cursor), { headers })
  })
  app.get('/dev/mail.json', async (c) => c.json(await allMails(deps, callOf(c)), 200, kept))
  app.get('/dev/mail/:id', async (c) => {
    const input = checkInput(get_dev_mail.input, { id: c.req.param('id') })
    const { mail } = await deps.notifier.get_dev_mail(input, callOf(c)())
    return send(c, mailPage(languageFor(c), mail), { headers })
  })
  return app
}
