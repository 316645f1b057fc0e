// The mailed link that connects a provider with an account: the form that asks for it, and the page that it leads to.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { workspacesOf } from '../../accounts/person-rules.ts'
import { audited } from '../../audit/audit.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { judgeMailedLink, MAILED_MS, mailLink } from '../../oidc/mailed-link.ts'
import { completeLink, type OpenLink } from '../../oidc/sign-in.ts'
import { type Ctx, languageFor, send } from '../layout.ts'
import { OIDC } from '../messages/oidc.ts'
import { attempt } from '../posted-forms.ts'
import { endLink, goOnWith, isProvedByMail, keepLink, openLink, refusalPage, showLink } from './oidc-page.ts'

const ask = async (c: Ctx, deps: Deps): Promise<Response> => {
  const found = await openLink(c, deps)
  if (!found) return refusalPage(c, 'link_over', undefined)
  if (!(await isProvedByMail(deps, found))) return showLink(c, deps)
  const done = await attempt(() => mailLink(deps, found))
  if (!done.ok) return showLink(c, deps, done.fault)
  if (!done.value) return refusalPage(c, 'link_over', undefined)
  keepLink(c, deps, MAILED_MS)
  return c.redirect('/oidc/link?sent', 303)
}

/** The sign-in that a link belongs to; or the page that says why it does nothing. */
const openMailed = async (c: Ctx, deps: Deps): Promise<OpenLink | Response> => {
  const open = await openLink(c, deps)
  const worth = await judgeMailedLink(deps, c.req.param('token') ?? '', open)
  if (worth === 'elsewhere') return refusalPage(c, 'other_browser', undefined)
  if (!open || worth === 'over' || !(await isProvedByMail(deps, open)))
    return refusalPage(c, 'link_over', undefined)
  return open
}

const show = async (c: Ctx, deps: Deps): Promise<Response> => {
  const open = await openMailed(c, deps)
  if (open instanceof Response) return open
  const { link, person, provider } = open
  const language = languageFor(c)
  const words = wordsOf(OIDC, language)
  const places = {
    provider: html`${words.isolate(provider.settings.name)}`,
    shown: html`<strong>${link.shown}</strong>`,
    email: html`<strong>${person.email}</strong>`,
  }
  // Opening it does nothing: programs that check mails open links too.
  const body = html`<h1>${words.word('prove')}</h1>
    <p class="lead">${words.pieces('connect_lead', places)}</p>
    <form class="card" method="post"><button class="wide">${words.word('connect')}</button></form>
    <p class="under"><a href="/sign-in">${words.word('cancel')}</a></p>`
  return send(c, { title: words.word('prove'), language, body })
}

const confirm = async (c: Ctx, deps: Deps): Promise<Response> => {
  const open = await openMailed(c, deps)
  if (open instanceof Response) return open
  const { person, provider } = open
  const entry = {
    action: 'identity.linked',
    ws: workspacesOf(person),
    by: { user_id: person._id, name: person.name, via: 'oidc' },
    address: deps.addressOf(c),
    target: { provider: provider.settings.name, shown: open.link.shown, proof: 'mailed_link' },
  } as const
  const outcome = await audited(deps, entry, () => completeLink(deps, open))
  endLink(c, deps)
  return goOnWith(c, deps, outcome)
}

/** The form and the page of the mailed link. */
export const oidcMailedRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.post('/oidc/link/mail', (c) => ask(c, deps))
  routes.get('/oidc/mailed/:token', (c) => show(c, deps))
  routes.post('/oidc/mailed/:token', (c) => confirm(c, deps))
}
