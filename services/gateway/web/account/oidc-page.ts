// Single sign-on in the browser: the way to a provider and back, and the page that proves an account. The provider's own
// request that ends sessions is answered here too.
import type { Hono } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { html } from 'hono/html'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { provePassword } from '../../accounts/credentials.ts'
import { localeOf, type Person, workspacesOf } from '../../accounts/person-rules.ts'
import { findSignedIn, type SignedIn } from '../../accounts/sessions.ts'
import { audited, recordAudit } from '../../audit/audit.ts'
import type { Deps } from '../../deps.ts'
import { nameOfSiteCookie, siteCookie } from '../../http/cookies.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { spendOrRefuse } from '../../limits/limits.ts'
import { OIDC_LOGOUTS_PER_ADDRESS } from '../../limits/policies.ts'
import { logOutByProvider } from '../../oidc/logout.ts'
import { offersMailedLink } from '../../oidc/mailed-link.ts'
import { OIDC_REFUSALS, type OidcRefusal } from '../../oidc/oidc-rules.ts'
import type { Provider } from '../../oidc/provider.ts'
import {
  beginSignIn,
  completeLink,
  findLink,
  findProvider,
  finishAnswer,
  type OpenLink,
  type Outcome,
  PENDING_MS,
} from '../../oidc/sign-in.ts'
import { unmarked } from '../../secrets.ts'
import { type Waiting, waitingFrom, waitingOf, withWaiting } from '../flow.ts'
import { type Ctx, type Html, languageFor, type Page, send } from '../layout.ts'
import { OIDC } from '../messages/oidc.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, input } from '../posted-forms.ts'
import { finishSignIn } from './finish-sign-in.ts'
import { requireRecent } from './re-authenticate.ts'
import { owesSecondFactor } from './second-step-page.ts'

const BROWSER_COOKIE = 'loops_oidc'
const LINK_COOKIE = 'loops_oidc_link'
/** As `Ids.token` makes them. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/

const readCookie = (c: Ctx, { public_url }: Deps, name: string): string | undefined => {
  const value = getCookie(c, nameOfSiteCookie(public_url, name))
  return value !== undefined && TOKEN.test(value) ? value : undefined
}

const keepCookie = (c: Ctx, { public_url }: Deps, name: string, value: string, ms = PENDING_MS): void =>
  setCookie(c, nameOfSiteCookie(public_url, name), value, {
    ...siteCookie(public_url),
    maxAge: ms / 1_000,
  })

const STATUS = { provider_away: 503, provider_error: 502, token: 400, state: 400, issuer: 400 } as const

/** Says why somebody is not signed in and what to do next. */
export const refusalPage = (
  c: Ctx,
  reason: OidcRefusal,
  provider: Provider | undefined,
): Promise<Response> => {
  const language = languageFor(c)
  const words = wordsOf(OIDC, language)
  const title = words.word('refused')
  const name = html`${words.isolate(provider?.settings.name ?? '')}`
  const body = html`<div class="card"><h1>${title}</h1>
    <p>${words.pieces(reason, { provider: name })}</p>
    <p><a class="button wide" href="/sign-in">${words.word('back')}</a></p></div>`
  const status = STATUS[reason as keyof typeof STATUS] ?? 403
  return send(c, { title, language, body, fault: true }, { status })
}

/** Refusals of an answer that this gateway had asked for. Anybody could fill the audit log with the others. */
const AUDITED: ReadonlySet<OidcRefusal> = new Set(
  OIDC_REFUSALS.filter(
    (reason) =>
      !['unknown_provider', 'state', 'provider_away', 'link_over', 'other_browser'].includes(reason),
  ),
)

const refuse = async (
  c: Ctx,
  deps: Deps,
  { reason, provider, detail }: Extract<Outcome, { kind: 'refused' }>,
): Promise<Response> => {
  deps.log.warn('a sign-in by a provider was refused', {
    provider: provider?.settings.name,
    reason,
    detail,
    request_id: c.get('request_id'),
  })
  if (AUDITED.has(reason))
    await recordAudit(deps, {
      action: 'sign_in.refused',
      ws: [],
      by: { user_id: null, name: provider?.settings.name ?? '', via: 'oidc' },
      address: deps.addressOf(c),
      target: { provider: provider?.settings.name ?? '', reason },
      outcome: 'refused',
      reason,
    })
  return refusalPage(c, reason, provider)
}

const start = async (c: Ctx, deps: Deps): Promise<Response> => {
  const provider = findProvider(deps, c.req.query('provider'))
  if (!provider) return refuse(c, deps, { kind: 'refused', reason: 'unknown_provider', detail: '' })
  const signedIn = c.req.query('connect') === undefined ? undefined : await findSignedIn(c, deps)
  const asked = signedIn && (await requireRecent(c, deps, signedIn))
  if (asked) return asked
  const browser = readCookie(c, deps, BROWSER_COOKIE) ?? deps.ids.token()
  const begun = { browser, waiting: withWaiting('', waitingOf(c)), address: deps.addressOf(c) }
  const url = await beginSignIn(deps, provider, begun, signedIn?.person._id)
  if (!url) return refuse(c, deps, { kind: 'refused', reason: 'provider_away', provider, detail: 'start' })
  keepCookie(c, deps, BROWSER_COOKIE, browser)
  c.header('Cache-Control', 'no-store')
  return c.redirect(url.href, 303)
}

/** What waits, without an invitation that was accepted just now. */
const stillWaiting = ({ secrets }: Deps, person: Person, waiting: Waiting): Waiting => {
  const { invitation, ...others } = waiting
  const id = invitation === undefined ? undefined : unmarked(secrets.invitation, invitation)
  return id !== undefined && person.invitation_ids?.includes(id) ? others : waiting
}

/** Goes on with what came of an answer or a proof. */
export const goOnWith = async (c: Ctx, deps: Deps, outcome: Outcome): Promise<Response> => {
  if (outcome.kind === 'refused') return refuse(c, deps, outcome)
  if (outcome.kind === 'proof_needed') {
    keepCookie(c, deps, LINK_COOKIE, outcome.token)
    return c.redirect('/oidc/link', 303)
  }
  const { person, identity, waiting, fresh = false } = outcome
  return finishSignIn(c, deps, person, 'oidc', {
    second_factor: identity.second_factor,
    fresh,
    waiting: stillWaiting(deps, person, waitingFrom(waiting)),
    ...(identity.sid === undefined ? {} : { provider: { iss: identity.iss, sid: identity.sid } }),
  })
}

const answer = async (c: Ctx, deps: Deps, id: string): Promise<Response> => {
  const parameters = new URL(c.req.url).searchParams
  const provider = deps.oidc.find(({ settings }) => settings.id === id)
  const browser = readCookie(c, deps, BROWSER_COOKIE)
  const locale = localeOf(c.req.header('accept-language'))
  return goOnWith(
    c,
    deps,
    await finishAnswer(deps, parameters, { browser, provider, locale, address: deps.addressOf(c) }),
  )
}

/** How the account may be proved, and what came of it. */
type ShownProof = Readonly<{
  signedIn: SignedIn | undefined
  byPassword: boolean
  byMail: boolean
  /** The link was mailed. */
  sent?: boolean
  fault?: Fault | undefined
}>

/** Asks for the link that proves the account. */
const mailForm = (language: Language, email: Html, { sent, byPassword, fault }: ShownProof): Html => {
  const words = wordsOf(OIDC, language)
  const shownFault = byPassword ? undefined : fault
  return html`<form class="card" method="post" action="/oidc/link/mail">
      ${faultNote(shownFault, language)}
      ${byPassword ? html`<p>${words.pieces('mail_instead', { email })}</p>` : ''}
      <button class="${byPassword || sent ? 'second wide' : 'wide'}">${words.word(sent ? 'mail_again' : 'mail_link')}</button>
    </form>`
}

/** Asks for the proof that the account is the person's own: a click where they are signed in to it, else its password. */
const linkPage = (language: Language, { link, person, provider }: OpenLink, shown: ShownProof): Page => {
  const words = wordsOf(OIDC, language)
  const isOwn = shown.signedIn?.person._id === person._id
  const places = {
    provider: html`${words.isolate(provider.settings.name)}`,
    shown: html`<strong>${link.shown}</strong>`,
    email: html`<strong>${person.email}</strong>`,
  }
  const without = shown.byMail ? 'prove_by_mail' : 'prove_no_password'
  const lead = isOwn ? 'connect_lead' : shown.byPassword ? 'prove_lead' : without
  return {
    title: words.word('prove'),
    language,
    signedIn: isOwn ? shown.signedIn : undefined,
    body: html`<h1>${words.word('prove')}</h1>
    <p class="lead">${words.pieces(lead, places)}</p>
    ${shown.sent ? html`<p class="note" role="status">${words.pieces('link_sent', { email: places.email })}</p>` : ''}
    ${
      isOwn || shown.byPassword
        ? html`<form class="card" method="post" action="/oidc/link">
      ${faultNote(shown.fault, language)}
      ${
        isOwn
          ? ''
          : html`<input type="hidden" name="username" autocomplete="username" value="${person.email}">
      ${input({ name: 'password', label: words.word('password'), type: 'password', autocomplete: 'current-password' }, shown.fault)}`
      }
      <button class="wide">${words.word('connect')}</button>
    </form>`
        : ''
    }
    ${!isOwn && shown.byMail ? mailForm(language, places.email, shown) : ''}
    <p class="under"><a href="${isOwn ? '/account' : '/sign-in'}">${words.word('cancel')}</a></p>`,
  }
}

/** Whether the password alone proves an account: not where there is none, and not where it takes a second factor. */
const isProvedByPassword = async (deps: Deps, { person }: OpenLink): Promise<boolean> =>
  person.password_hash !== null && !(await owesSecondFactor(deps, person))

/** Whether a mailed link proves an account: not where it takes a second factor, which no mail stands in for. */
export const isProvedByMail = async (deps: Deps, found: OpenLink): Promise<boolean> =>
  offersMailedLink(deps, found) && !(await owesSecondFactor(deps, found.person))

/** The link that waits in this browser. */
export const openLink = async (c: Ctx, deps: Deps): Promise<OpenLink | undefined> =>
  findLink(deps, readCookie(c, deps, LINK_COOKIE), readCookie(c, deps, BROWSER_COOKIE))

/** Has the browser keep it for longer. */
export const keepLink = (c: Ctx, deps: Deps, ms: number): void => {
  for (const name of [LINK_COOKIE, BROWSER_COOKIE]) {
    const value = readCookie(c, deps, name)
    if (value !== undefined) keepCookie(c, deps, name, value, ms)
  }
}

/** Has the browser forget it. */
export const endLink = (c: Ctx, { public_url }: Deps): void => {
  deleteCookie(c, nameOfSiteCookie(public_url, LINK_COOKIE), siteCookie(public_url))
}

/** The page of the link that waits in this browser. */
export const showLink = async (c: Ctx, deps: Deps, fault?: Fault): Promise<Response> => {
  const found = await openLink(c, deps)
  if (!found) return refusalPage(c, 'link_over', undefined)
  const signedIn = await findSignedIn(c, deps)
  const page = linkPage(languageFor(c, signedIn), found, {
    signedIn,
    byPassword: await isProvedByPassword(deps, found),
    byMail: await isProvedByMail(deps, found),
    sent: c.req.query('sent') !== undefined,
    fault,
  })
  return send(c, page, formActionOf(fault))
}

const confirmLink = async (c: Ctx, deps: Deps): Promise<Response> => {
  const found = await openLink(c, deps)
  if (!found) return refusalPage(c, 'link_over', undefined)
  const signedIn = await findSignedIn(c, deps)
  const isOwn = signedIn?.person._id === found.person._id
  // A browser that was left signed in is no proof: whoever sits there could connect an identity of their own.
  const asked = isOwn && signedIn ? await requireRecent(c, deps, signedIn) : undefined
  if (asked) return asked
  const byPassword = await isProvedByPassword(deps, found)
  if (!isOwn && !byPassword) return showLink(c, deps)
  const password = (await fieldsOf(c)).get('password') ?? ''
  const proved = isOwn
    ? ({ ok: true } as const)
    : await attempt(() => provePassword(deps, found.person, password, 'password'))
  if (!proved.ok) {
    return showLink(c, deps, proved.fault)
  }
  const { person, provider } = found
  const entry = {
    action: 'identity.linked',
    ws: workspacesOf(person),
    by: { user_id: person._id, name: person.name, via: 'oidc' },
    address: deps.addressOf(c),
    target: { provider: provider.settings.name, shown: found.link.shown },
  } as const
  const outcome = await audited(deps, entry, () => completeLink(deps, found))
  endLink(c, deps)
  if (isOwn && outcome.kind === 'signed_in') return c.redirect('/account?connected', 303)
  return goOnWith(c, deps, outcome)
}

/** OpenID Connect Back-Channel Logout §2.8. */
const logOut = async (c: Ctx, deps: Deps): Promise<Response> => {
  c.header('Cache-Control', 'no-store')
  await spendOrRefuse(deps.limits, `provider logouts from ${deps.addressOf(c)}`, OIDC_LOGOUTS_PER_ADDRESS)
  const token = (await fieldsOf(c)).get('logout_token') ?? ''
  const done = await logOutByProvider(deps, token)
  if (done === 'done') return c.body(null, 200)
  return c.json(
    { error: done === 'away' ? 'temporarily_unavailable' : 'invalid_request' },
    done === 'away' ? 503 : 400,
  )
}

/** Single sign-on; without a provider there is none of it. */
export const oidcRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/oidc/start', (c) => start(c, deps))
  routes.get('/oidc/callback', (c) => answer(c, deps, '1'))
  routes.get('/oidc/callback/:provider', (c) => answer(c, deps, c.req.param('provider')))
  routes.get('/oidc/link', (c) => showLink(c, deps))
  routes.post('/oidc/link', (c) => confirmLink(c, deps))
  routes.post('/oidc/backchannel-logout', (c) => logOut(c, deps))
}
