// Signing in with a passkey alone. Its device checks the person, so it counts as both factors.
import type { Hono } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { html } from 'hono/html'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { wrongPasskey } from '../../accounts/factor-rules.ts'
import { passkeyToAsk, proveByPasskey } from '../../accounts/passkeys.ts'
import { offersPasskeys } from '../../accounts/way-in-rules.ts'
import type { Deps } from '../../deps.ts'
import { nameOfSiteCookie, siteCookie } from '../../http/cookies.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { FORM_BYTES } from '../../http/forms.ts'
import { tooMany } from '../../limits/limits.ts'
import { PASSKEY_CHALLENGES } from '../../limits/policies.ts'
import { sha256 } from '../../secrets.ts'
import { type Waiting, waitingOf, withWaiting } from '../flow.ts'
import { type Ctx, type Html, languageFor, send } from '../layout.ts'
import { PROOF } from '../messages/proof.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, TEXT_FORM_BYTES } from '../posted-forms.ts'
import { carriedIn, carrying, type Unsent } from '../typed-texts.ts'
import { finishSignIn } from './finish-sign-in.ts'
import { passkeyForm } from './proof-forms.ts'

const PATH = '/sign-in/passkey'
/** Names the browser that a challenge was made for. */
const COOKIE = 'loops_passkey'
/** How long it does (s). */
const COOKIE_S = 10 * 60

const cookieName = ({ public_url }: Deps): string => nameOfSiteCookie(public_url, COOKIE)

/** The button of the sign-in page that leads here; nothing where browsers keep no passkeys for this address. */
export const passkeyButton = (
  language: Language,
  { public_url }: Pick<Deps, 'public_url'>,
  waiting: Waiting,
  unsent: Unsent | undefined,
): Html | '' =>
  offersPasskeys(public_url)
    ? html`<form class="field under" method="post" action="${withWaiting(PATH, waiting)}">${unsent ? carrying(unsent) : ''}
      <button class="second wide">${wordsOf(PROOF, language).word('use_passkey')}</button></form>`
    : ''

const show = async (
  c: Ctx,
  deps: Deps,
  { unsent, fault }: Readonly<{ unsent: Unsent | undefined; fault?: Fault }>,
): Promise<Response> => {
  const from = [`address ${deps.addressOf(c)}`]
  const wait_ms = await deps.limits.spendShare('passkey challenges', PASSKEY_CHALLENGES, from)
  if (wait_ms > 0) throw tooMany(wait_ms)
  const token = deps.ids.token()
  setCookie(c, cookieName(deps), token, { ...siteCookie(deps.public_url), maxAge: COOKIE_S })
  const asking = { purpose: 'sign_in', bound_to: sha256(token) } as const
  const options = await passkeyToAsk(deps, asking, undefined)
  const waiting = waitingOf(c)
  const language = languageFor(c)
  const words = wordsOf(PROOF, language)
  const [title, action] = [words.word('sign_in_by_passkey'), withWaiting(PATH, waiting)]
  const fields = unsent ? carrying(unsent) : ''
  const button = words.word('use_passkey')
  const body = html`<h1>${title}</h1>
    <p class="lead">${words.word('passkey_lead')}</p>
    <div class="card">${faultNote(fault, language)}
      ${passkeyForm(language, { action, options, kind: 'ask', button, fields })}</div>
    <p class="under"><a href="${withWaiting('/sign-in', waiting)}">${words.word('back')}</a></p>`
  return send(c, { title, language, body, passkeys: true }, formActionOf(fault))
}

/** The person of the passkey that a browser answered with. */
const personOf = async (c: Ctx, deps: Deps, answer: string) => {
  const asking = { purpose: 'sign_in', bound_to: sha256(getCookie(c, cookieName(deps)) ?? '') } as const
  const person = await deps.store.people.byId(await proveByPasskey(deps, answer, asking, undefined))
  if (!person) throw wrongPasskey()
  return person
}

/** The page that asks for a passkey, and its form. */
export const passkeySignInRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.post(PATH, async (c) => {
    const form = await fieldsOf(c, TEXT_FORM_BYTES + FORM_BYTES)
    const unsent = carriedIn(form)
    const answer = form.get('credential')
    if (answer === null) return show(c, deps, { unsent })
    const done = await attempt(() => personOf(c, deps, answer))
    if (!done.ok) return show(c, deps, { unsent, fault: done.fault })
    deleteCookie(c, cookieName(deps), siteCookie(deps.public_url))
    return finishSignIn(c, deps, done.value, 'passkey', { waiting: waitingOf(c), unsent })
  })
}
