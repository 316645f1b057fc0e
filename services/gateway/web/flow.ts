// Where a person goes on after signing in, carried in the addresses of the pages. It holds only ids, never a URL, so nobody
// can be sent to another site.
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { html } from 'hono/html'
import { wordsOf } from '../../../shared/contracts/define/wording.ts'
import type { Session } from '../accounts/account-store.ts'
import { findSignedIn, type SignedIn } from '../accounts/sessions.ts'
import { signUpState } from '../accounts/setup.ts'
import type { Deps } from '../deps.ts'
import { nameOfCookie } from '../http/cookies.ts'
import { isLocal, oauthError, type Refusal } from '../oauth/refusals.ts'
import type { AuthorizationPages } from '../oauth/routes.ts'
import { sha256 } from '../secrets.ts'
import { type Ctx, languageFor, messagePage, send } from './layout.ts'
import { CONSENT } from './messages/consent.ts'
import { IN_ENGLISH } from './posted-forms.ts'

/** What waits behind the sign-in: a request for authorization, an invitation, the token that confirms an address, or the secret of the setup link. */
export type Waiting = Readonly<{ request?: string; invitation?: string; confirm?: string; setup?: string }>

const readWaiting = (params: URLSearchParams): Waiting => {
  const request = params.get('request')
  const invitation = params.get('invitation')
  const confirm = params.get('confirm')
  const setup = params.get('setup')
  return {
    ...(request && /^[A-Za-z0-9_-]{43}$/.test(request) ? { request } : {}),
    ...(invitation && /^[A-Za-z0-9_.-]{1,128}$/.test(invitation) ? { invitation } : {}),
    ...(confirm && /^[A-Za-z0-9_.-]{1,128}$/.test(confirm) ? { confirm } : {}),
    ...(setup && /^[A-Za-z0-9_-]{43}$/.test(setup) ? { setup } : {}),
  }
}

/** What a query that was kept says is waiting. */
export const waitingFrom = (query: string): Waiting => readWaiting(new URLSearchParams(query))

/** What the address of this page says is waiting. */
export const waitingOf = (c: Ctx): Waiting => readWaiting(new URL(c.req.url).searchParams)

/** The address of another page, with what is waiting. */
export const withWaiting = (path: string, waiting: Waiting): string => {
  const query = new URLSearchParams(waiting).toString()
  return query === '' ? path : `${path}?${query}`
}

const COOKIE = 'loops_waiting'
const ONLY_FOR_LINKS = { path: '/reset', httpOnly: true, sameSite: 'Lax' } as const

/**
 * Keeps it in the browser while the person waits for a mail with a link. If the link carried it, an attacker could have others
 * mailed a link that leads them to the consent for the attacker's app.
 */
export const keepWaiting = (c: Ctx, { public_url }: Deps, waiting: Waiting, max_age_s: number): void => {
  const secure = public_url.startsWith('https:')
  setCookie(c, nameOfCookie(public_url, COOKIE), withWaiting('', waiting), {
    ...ONLY_FOR_LINKS,
    secure,
    maxAge: max_age_s,
  })
}

/** Takes what this browser has kept. */
export const takeWaiting = (c: Ctx, { public_url }: Deps): Waiting => {
  const name = nameOfCookie(public_url, COOKIE)
  const kept = getCookie(c, name)
  if (kept === undefined) return {}
  deleteCookie(c, name, { ...ONLY_FOR_LINKS, secure: public_url.startsWith('https:') })
  return waitingFrom(kept)
}

/** Sends a person who has just signed in to where they go on. A request for authorization is tied to this session. */
export const goOn = async (c: Ctx, deps: Deps, session: Session, waiting: Waiting): Promise<Response> => {
  if (waiting.request !== undefined) {
    await deps.store.requests.bind(sha256(waiting.request), session._id)
    return c.redirect(withWaiting('/consent', { request: waiting.request }), 303)
  }
  if (waiting.confirm !== undefined) return c.redirect(`/confirm/${waiting.confirm}`, 303)
  return c.redirect(waiting.invitation === undefined ? '/' : `/invitations/${waiting.invitation}`, 303)
}

/** Sends a person to the consent page, through signing in or up where needed. */
const toPerson = async (c: Ctx, deps: Deps, request: string): Promise<Response> => {
  const signedIn = await findSignedIn(c, deps)
  if (signedIn) return goOn(c, deps, signedIn.session, { request })
  const isNew = await deps.store.people.isEmpty()
  return c.redirect(withWaiting(isNew ? '/sign-up' : '/sign-in', { request }), 303)
}

/** Makes a route for signed-in people; others are sent to sign in. */
export const signedInOnly =
  (deps: Deps, work: (c: Ctx, deps: Deps, signedIn: SignedIn) => Promise<Response>) =>
  async (c: Ctx): Promise<Response> => {
    const signedIn = await findSignedIn(c, deps)
    return signedIn ? work(c, deps, signedIn) : c.redirect('/sign-in', 303)
  }

/** Whether pages offer to create an account. */
export const offersSignUp = async (deps: Deps): Promise<boolean> => (await signUpState(deps)) !== 'closed'

const tooManyPage = (c: Ctx, wait_s: number): Promise<Response> => {
  const language = languageFor(c)
  const words = wordsOf(CONSENT, language)
  const text = words.say('too_many_next', { seconds: String(wait_s) })
  const headers = { 'Retry-After': String(wait_s) }
  return send(c, messagePage(language, words.word('too_many'), text), { status: 429, headers })
}

const authorizationFaultPage = (c: Ctx, reason: Refusal): Promise<Response> => {
  const { error, error_description } = oauthError(reason)
  const language = languageFor(c)
  const words = wordsOf(CONSENT, language)
  return send(
    c,
    {
      title: words.word('invalid'),
      language,
      body: html`<div class="card">
        <h1>${words.word('invalid')}</h1>
        <p>${language === 'en' ? error_description : html`<span${IN_ENGLISH}>${error_description}</span>`} ${isLocal(reason) ? words.word('invalid_next') : ''}</p>
        <p class="small">${words.pieces('error', { code: html`<code>${error}</code>` })} (${reason})</p>
      </div>`,
    },
    { status: 400 },
  )
}

/** The pages that the authorization server sends browsers to. */
export const authorizationPages: AuthorizationPages = {
  fault: authorizationFaultPage,
  tooMany: tooManyPage,
  toPerson,
}
