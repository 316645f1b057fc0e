// Asks somebody who has been signed in for a while to prove once more who they are, before what is dangerous.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { languageOf } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { provePassword } from '../../accounts/credentials.ts'
import { factorsOf, proveByCode, requestFactorMail } from '../../accounts/factors.ts'
import { passkeyToAsk, proveByPasskey } from '../../accounts/passkeys.ts'
import { hasSecondFactor, isRecent, RECENT_MS, type SessionMethod } from '../../accounts/session-rules.ts'
import type { SignedIn } from '../../accounts/sessions.ts'
import { offersPasskeys } from '../../accounts/way-in-rules.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { FORM_BYTES } from '../../http/forms.ts'
import { signedInOnly } from '../flow.ts'
import { type Ctx, type Html, send } from '../layout.ts'
import { PROOF } from '../messages/proof.ts'
import {
  attempt,
  type Fault,
  faultNote,
  fieldsOf,
  formActionOf,
  input,
  refusedFieldsOf,
} from '../posted-forms.ts'
import { isKeptPath, type KeptForm, keeping, keptForm, keptIn } from './kept-form-rules.ts'
import { codeInput, passkeyForm } from './proof-forms.ts'

const PATH = '/account/re-authenticate'
/** Most bytes of a form that is kept. */
const KEPT_BYTES = 4 * FORM_BYTES

/** What waits for the proof: a form, or a page (no fields). */
type Shown = Readonly<{
  waits: KeptForm | Readonly<{ to: string; fields?: undefined }>
  /** Only a second factor counts. */
  second_only: boolean
  fault?: Fault | undefined
}>

const askingOf = ({ session }: SignedIn) => ({ purpose: 'again', bound_to: session._id }) as const

const carried = ({ waits, second_only }: Shown): Html =>
  html`${second_only ? html`<input type="hidden" name="second" value="yes">` : ''}${waits.fields ? keeping(waits) : html`<input type="hidden" name="to" value="${waits.to}">`}`

const show = async (c: Ctx, deps: Deps, signedIn: SignedIn, shown: Shown): Promise<Response> => {
  const { person } = signedIn
  const { fault, second_only } = shown
  const language = languageOf(person.locale)
  const words = wordsOf(PROOF, language)
  const { passkeys, code_app } = await factorsOf(deps, person._id)
  const options =
    passkeys.length > 0 && offersPasskeys(deps.public_url)
      ? await passkeyToAsk(deps, askingOf(signedIn), person._id)
      : undefined
  const byPassword = person.password_hash !== null && !second_only
  const fields = carried(shown)
  const body = html`<h1>${words.word(second_only ? 'step' : 'again')}</h1>
    <p class="lead">${words.word(second_only ? 'step_lead' : 'again_lead')}</p>
    <div class="card">
      ${faultNote(fault, language)}
      ${options === undefined ? '' : passkeyForm(language, { action: PATH, options, kind: 'ask', button: words.word('use_passkey'), fields })}
      ${
        byPassword
          ? html`<form class="field" method="post" action="${PATH}">${fields}
        <input type="hidden" name="username" autocomplete="username" value="${person.email}">
        ${input({ name: 'password', label: words.word('password'), type: 'password', autocomplete: 'current-password' }, fault)}
        <button class="wide">${words.word('go_on')}</button></form>`
          : ''
      }
      ${
        code_app || (second_only && options === undefined)
          ? html`<form method="post" action="${PATH}">${fields}${codeInput(language, fault)}
        <button class="${byPassword ? 'second wide' : 'wide'}">${words.word('go_on')}</button></form>`
          : ''
      }
      ${
        byPassword || code_app || options !== undefined || second_only
          ? ''
          : html`<p>${words.word('only_sign_in')}</p>
        <form method="post" action="/sign-out"><button class="wide">${words.word('sign_in_again')}</button></form>`
      }
    </div>`
  const page = { title: words.word('again'), language, signedIn, body, passkeys: options !== undefined }
  return send(c, page, fault ? formActionOf(fault) : { status: 401 })
}

/**
 * Makes sure that somebody proved who they are a short while ago, before what is dangerous is done or shown.
 * @param within_ms how recent the proof has to be.
 * @returns undefined where it is; else the answer: a page that asks for it, with the form that was sent, which it leads back
 *   to. It reads a posted form, so call it before the form is read, or after `fieldsOf`.
 */
export const requireRecent = async (
  c: Ctx,
  deps: Deps,
  signedIn: SignedIn,
  within_ms: number = RECENT_MS,
): Promise<Response | undefined> => {
  if (isRecent(signedIn.session, deps.clock.now(), within_ms)) return undefined
  const { pathname, search } = new URL(c.req.url)
  const to = `${pathname}${search}`
  if (c.req.method === 'GET') return c.redirect(`${PATH}?${new URLSearchParams({ to })}`, 303)
  const posted = await refusedFieldsOf(c, KEPT_BYTES)
  const fields = posted?.complete ? posted.fields : new URLSearchParams()
  return show(c, deps, signedIn, { waits: { to, fields }, second_only: false })
}

/** Makes a handler ask for a recent proof before it does its work. @see requireRecent */
export const afterProof =
  <S extends SignedIn>(work: (c: Ctx, deps: Deps, signedIn: S) => Promise<Response>) =>
  async (c: Ctx, deps: Deps, signedIn: S): Promise<Response> =>
    (await requireRecent(c, deps, signedIn)) ?? work(c, deps, signedIn)

/** Checks what was entered. @returns what it was proved by. */
const prove = async (
  deps: Deps,
  signedIn: SignedIn,
  form: URLSearchParams,
  second_only: boolean,
): Promise<SessionMethod> => {
  const { person } = signedIn
  const answer = form.get('credential')
  if (answer) {
    await proveByPasskey(deps, answer, askingOf(signedIn), person._id)
    return 'passkey'
  }
  if (form.has('code') || second_only) return proveByCode(deps, person._id, form.get('code') ?? '')
  await provePassword(deps, person, form.get('password') ?? '', 'password')
  return 'password'
}

/** The form that waited, to be sent by a click: what it does was not confirmed by the proof alone. */
const leadBack = (c: Ctx, { person, ...signedIn }: SignedIn, kept: KeptForm): Promise<Response> => {
  const language = languageOf(person.locale)
  const words = wordsOf(PROOF, language)
  const body = html`<div class="card"><h1>${words.word('it_is_you')}</h1>
    <p>${words.word('it_is_you_lead')}</p>${keptForm(kept, words.word('go_on'))}</div>`
  return send(c, { title: words.word('it_is_you'), language, signedIn: { person, ...signedIn }, body })
}

/** The page that asks for a proof, and its forms. */
export const reAuthenticateRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const toOf = (path: string | null | undefined): string => (path && isKeptPath(path) ? path : '/account')
  routes.get(
    PATH,
    signedInOnly(deps, async (c, _, signedIn) => {
      const to = toOf(c.req.query('to'))
      const second_only = c.req.query('second') !== undefined && !hasSecondFactor(signedIn.session)
      if (!second_only && isRecent(signedIn.session, deps.clock.now(), RECENT_MS)) return c.redirect(to, 303)
      return show(c, deps, signedIn, { waits: { to }, second_only })
    }),
  )
  routes.post(
    PATH,
    signedInOnly(deps, async (c, _, signedIn) => {
      const form = await fieldsOf(c, KEPT_BYTES + FORM_BYTES)
      const waits: Shown['waits'] = keptIn(form) ?? { to: toOf(form.get('to')) }
      const second_only = form.has('second')
      const done = await attempt(() => prove(deps, signedIn, form, second_only))
      if (!done.ok) return show(c, deps, signedIn, { waits, second_only, fault: done.fault })
      if (done.value === 'recovery_code') await requestFactorMail(deps, signedIn.person, 'recovery_used')
      await deps.store.sessions.prove(signedIn.session._id, deps.clock.now(), done.value)
      return waits.fields ? leadBack(c, signedIn, waits) : c.redirect(waits.to, 303)
    }),
  )
}
