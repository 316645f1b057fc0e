// Where a person was going when a page stopped them to sign in, carried along in the pages' addresses. Only ids of things
// of ours travel, never an address, so nobody can be sent elsewhere.
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { html } from 'hono/html'
import type { Session } from '../accounts/account-store.ts'
import { findSignedIn, type SignedIn } from '../accounts/sessions.ts'
import { signUpState } from '../accounts/setup.ts'
import type { Deps } from '../deps.ts'
import { nameOfCookie } from '../http/cookies.ts'
import { isLocal, oauthError, type Refusal } from '../oauth/refusals.ts'
import type { AuthorizationPages } from '../oauth/routes.ts'
import { sha256 } from '../secrets.ts'
import { type Ctx, messagePage, send } from './layout.ts'

/** What waits for the person behind the sign-in: a request for authorization, an invitation, or the link of a mail that confirms their address; and their setup link's mark. */
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

/** Reads it from a page's address. */
export const waitingOf = (c: Ctx): Waiting => readWaiting(new URL(c.req.url).searchParams)

/** The address of another page that takes it along. */
export const withWaiting = (path: string, waiting: Waiting): string => {
  const query = new URLSearchParams(waiting).toString()
  return query === '' ? path : `${path}?${query}`
}

const COOKIE = 'loops_waiting'
const ONLY_FOR_LINKS = { path: '/reset', httpOnly: true, sameSite: 'Lax' } as const

/**
 * Leaves it with the browser while its person waits for the mail with a link: the link itself must not carry it, or
 * somebody could have others sent a mail that leads them to the consent for an app of his.
 */
export const keepWaiting = (c: Ctx, { public_url }: Deps, waiting: Waiting, max_age_s: number): void => {
  const secure = public_url.startsWith('https:')
  setCookie(c, nameOfCookie(public_url, COOKIE), withWaiting('', waiting), {
    ...ONLY_FOR_LINKS,
    secure,
    maxAge: max_age_s,
  })
}

/** What was left with this browser, for once. */
export const takeWaiting = (c: Ctx, { public_url }: Deps): Waiting => {
  const name = nameOfCookie(public_url, COOKIE)
  const kept = getCookie(c, name)
  if (kept === undefined) return {}
  deleteCookie(c, name, { ...ONLY_FOR_LINKS, secure: public_url.startsWith('https:') })
  return readWaiting(new URLSearchParams(kept))
}

/** Where a person who is now signed in goes on; a request for authorization is tied to this session. */
export const goOn = async (c: Ctx, deps: Deps, session: Session, waiting: Waiting): Promise<Response> => {
  if (waiting.request !== undefined) {
    await deps.store.requests.bind(sha256(waiting.request), session._id)
    return c.redirect(withWaiting('/consent', { request: waiting.request }), 303)
  }
  if (waiting.confirm !== undefined) return c.redirect(`/confirm/${waiting.confirm}`, 303)
  return c.redirect(
    waiting.invitation === undefined ? '/workspace' : `/invitations/${waiting.invitation}`,
    303,
  )
}

/** To consent when signed in, else to sign in or up first. */
const toPerson = async (c: Ctx, deps: Deps, request: string): Promise<Response> => {
  const visitor = await findSignedIn(c, deps)
  if (visitor) return goOn(c, deps, visitor.session, { request })
  const isNew = await deps.store.people.isEmpty()
  return c.redirect(withWaiting(isNew ? '/sign-up' : '/sign-in', { request }), 303)
}

/** A page's work that only a signed-in person can ask for; others are sent to sign in. */
export const signedIn =
  (deps: Deps, work: (c: Ctx, deps: Deps, visitor: SignedIn) => Promise<Response>) =>
  async (c: Ctx): Promise<Response> => {
    const visitor = await findSignedIn(c, deps)
    return visitor ? work(c, deps, visitor) : c.redirect('/sign-in', 303)
  }

/** Whether to offer making an account. */
export const offersSignUp = async (deps: Deps): Promise<boolean> => (await signUpState(deps)) !== 'closed'

const tooManyPage = (c: Ctx, wait_s: number): Promise<Response> => {
  const text = `Many apps are being connected from your address right now. Wait ${wait_s} s and try again.`
  const headers = { 'Retry-After': String(wait_s) }
  return send(c, messagePage('Too many tries', text), { status: 429, headers })
}

const authorizationFaultPage = (c: Ctx, reason: Refusal): Promise<Response> => {
  const { error, error_description } = oauthError(reason)
  const advice = isLocal(reason)
    ? 'In the app, remove this connection and add it again; if that does not help, tell its makers what this page says.'
    : ''
  return send(
    c,
    {
      title: 'This app asked in a way that cannot be answered',
      body: html`<div class="card">
        <h1>This app asked in a way that cannot be answered</h1>
        <p>${error_description} ${advice}</p>
        <p class="small">Error: <code>${error}</code> (${reason})</p>
      </div>`,
    },
    { status: 400 },
  )
}

/** Where the authorization server sends browsers. */
export const authorizationPages: AuthorizationPages = {
  fault: authorizationFaultPage,
  tooMany: tooManyPage,
  toPerson,
}
