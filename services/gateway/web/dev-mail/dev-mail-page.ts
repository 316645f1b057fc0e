// The development mailbox: pages for people, JSON for programs. A mail's HTML is shown in a sandboxed frame. Where mails are
// sent, none of this exists.
import { type Context, Hono } from 'hono'
import { html } from 'hono/html'
import { ownCall } from '../../../../shared/bus/headers.ts'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import type { Call, Client } from '../../../../shared/contracts/define/contract.ts'
import { notifier } from '../../../../shared/contracts/notifier/contract.ts'
import type { DevMail } from '../../../../shared/contracts/notifier/shapes.ts'
import type { Clock } from '../../../../shared/process/clock.ts'
import { type Config, showsMails } from '../../../../shared/process/config.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { isLocal } from '../../http/guards.ts'
import { type Html, messagePage, type Page, send } from '../layout.ts'

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

const row = (mail: DevMail): Html => html`<tr>
        <td class="time">${shortTime(mail.date)}</td>
        <td>${mail.to}</td>
        <td><a href="/dev/mail/${mail.id}">${mail.subject || '(no subject)'}</a></td>
      </tr>`

const listPage = (mails: readonly DevMail[], next_cursor: string | null): Page => ({
  title: 'Mail',
  wide: true,
  body: html`<h1>Mail</h1>
    <p class="lead">Emails are kept here because SMTP_URL is not set. Newest first, times in UTC.
      <a href="/dev/mail.json">All emails as JSON</a></p>
    <div class="card">${
      mails.length === 0
        ? html`<p>No emails yet.</p>`
        : html`<table>
      <thead><tr><th scope="col">Time</th><th scope="col">To</th><th scope="col">Subject</th></tr></thead>
      <tbody>${mails.map(row)}</tbody>
    </table>`
    }</div>
    ${next_cursor === null ? '' : html`<p><a href="/dev/mail?before=${next_cursor}">Older emails</a></p>`}`,
})

const mailPage = (mail: DevMail): Page => ({
  title: mail.subject || '(no subject)',
  wide: true,
  body: html`<p><a href="/dev/mail">All emails</a></p>
    <h1 dir="auto">${mail.subject || '(no subject)'}</h1>
    <p class="lead">From ${mail.from} to ${mail.to}, ${shortTime(mail.date)} UTC</p>
    <iframe class="mail" title="The email as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${mail.html}"></iframe>
    <section class="card"><h2>Text part</h2><pre dir="auto">${mail.text}</pre></section>
    <details class="card"><summary>Headers</summary>
    <table><tbody>${Object.entries(mail.headers).map(
      ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`,
    )}</tbody></table>
    </details>`,
})

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
  const elsewhere = `Emails are shown only on the machine that Loops runs on. Open ${deps.config.PUBLIC_URL}/dev/mail there.`
  app.use('/dev/*', async (c, next) => {
    if (!isLocal(c.req.raw.headers))
      return send(c, messagePage('Not available from here', elsewhere), { status: 404 })
    return next()
  })
  app.get('/dev/mail', async (c) => {
    const input = checkInput(list_dev_mails.input, { limit: LISTED, cursor: c.req.query('before') })
    const { mails, next_cursor } = await deps.notifier.list_dev_mails(input, callOf(c)())
    return send(c, listPage(mails, next_cursor), { headers })
  })
  app.get('/dev/mail.json', async (c) => c.json(await allMails(deps, callOf(c)), 200, kept))
  app.get('/dev/mail/:id', async (c) => {
    const input = checkInput(get_dev_mail.input, { id: c.req.param('id') })
    return send(c, mailPage((await deps.notifier.get_dev_mail(input, callOf(c)())).mail), { headers })
  })
  return app
}
