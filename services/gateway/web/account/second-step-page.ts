// The step between the password and the session of somebody who has a second factor. Nothing else is reachable before it.

import type { Hono } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { html } from 'hono/html'
import { languageOf } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { ProviderSession } from '../../accounts/account-store.ts'
import { countFactors } from '../../accounts/factor-rules.ts'
import type { PendingSignIn } from '../../accounts/factor-store.ts'
import { factorsOf, proveByCode, requestFactorMail } from '../../accounts/factors.ts'
import { passkeyToAsk, proveByPasskey } from '../../accounts/passkeys.ts'
import {
  isActive,
  isOfPassword,
  type Person,
  passwordVersionOf,
  workspacesOf,
} from '../../accounts/person-rules.ts'
import type { SecondMethod, SignInMethod } from '../../accounts/session-rules.ts'
import { offersPasskeys } from '../../accounts/way-in-rules.ts'
import { byOf, recordAudit } from '../../audit/audit.ts'
import type { Deps } from '../../deps.ts'
import { nameOfSiteCookie, siteCookie } from '../../http/cookies.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { FORM_BYTES } from '../../http/forms.ts'
import { sha256 } from '../../secrets.ts'
import type { Waiting } from '../flow.ts'
import { type Ctx, languageFor, messagePage, send } from '../layout.ts'
import { PROOF } from '../messages/proof.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, TEXT_FORM_BYTES } from '../posted-forms.ts'
import { carriedIn, carrying, type Unsent } from '../typed-texts.ts'
import { startAndLead } from './finish-sign-in.ts'
import { codeInput, passkeyForm } from './proof-forms.ts'

/** How long the second factor may take (ms). */
const PENDING_MS = 10 * 60_000
const PATH = '/sign-in/second-step'
const COOKIE = 'loops_second_step'

const cookieName = ({ public_url }: Deps): string => nameOfSiteCookie(public_url, COOKIE)

type Owed = Readonly<{ pending: PendingSignIn; person: Person }>

/** The sign-in that this browser has begun; undefined when it is over. */
const findOwed = async (c: Ctx, deps: Deps): Promise<Owed | undefined> => {
  const token = getCookie(c, cookieName(deps))
  if (token === undefined) return undefined
  const pending = await deps.store.pendingSignIns.find(sha256(token), deps.clock.now())
  const person = pending && (await deps.store.people.byId(pending.user_id))
  return pending && person && isActive(person) && isOfPassword(pending, person)
    ? { pending, person }
    : undefined
}

const over = (c: Ctx): Promise<Response> => {
  const language = languageFor(c)
  const words = wordsOf(PROOF, language)
  const link = html`<a href="/sign-in">${words.word('back')}</a>`
  return send(c, messagePage(language, words.word('step_over'), link), { status: 401 })
}

const show = async (
  c: Ctx,
  deps: Deps,
  { pending, person }: Owed,
  { fault, unsent }: Readonly<{ fault?: Fault; unsent?: Unsent | undefined }> = {},
): Promise<Response> => {
  const language = languageOf(person.locale)
  const words = wordsOf(PROOF, language)
  const fields = unsent ? carrying(unsent) : ''
  const { passkeys } = await factorsOf(deps, person._id)
  const asking = { purpose: 'second_step', bound_to: pending._id } as const
  const options =
    passkeys.length > 0 && offersPasskeys(deps.public_url)
      ? await passkeyToAsk(deps, asking, person._id)
      : undefined
  const body = html`<h1>${words.word('step')}</h1>
    <p class="lead">${words.word('step_lead')}</p>
    <div class="card">
      ${faultNote(fault, language)}
      ${options === undefined ? '' : passkeyForm(language, { action: PATH, options, kind: 'ask', button: words.word('use_passkey'), fields })}
      <form method="post" action="${PATH}">${fields}
        ${codeInput(language, fault)}
        <button class="${options === undefined ? 'wide' : 'second wide'}">${words.word('go_on')}</button>
      </form>
    </div>
    <p class="under"><a href="/sign-in">${words.word('back')}</a></p>`
  return send(
    c,
    { title: words.word('step'), language, body, passkeys: options !== undefined },
    formActionOf(fault),
  )
}

/** Whether somebody has a second factor, and so owes it. */
export const owesSecondFactor = async (deps: Deps, person: Person): Promise<boolean> =>
  countFactors(await factorsOf(deps, person._id)) > 0

/** Asks somebody who has proved a first factor for the second one. */
export const askSecondStep = async (
  c: Ctx,
  deps: Deps,
  person: Person,
  {
    method,
    waiting,
    unsent,
    provider,
  }: Readonly<{
    method: SignInMethod
    waiting: Waiting
    unsent?: Unsent | undefined
    provider?: ProviderSession
  }>,
): Promise<Response> => {
  const token = deps.ids.token()
  const now = deps.clock.now()
  const pending = {
    _id: sha256(token),
    user_id: person._id,
    ...passwordVersionOf(person),
    method,
    ...(provider ? { provider } : {}),
    waiting,
    created_at: now,
    expires_at: new Date(now.getTime() + PENDING_MS),
  }
  await deps.store.pendingSignIns.insert(pending)
  setCookie(c, cookieName(deps), token, { ...siteCookie(deps.public_url), maxAge: PENDING_MS / 1_000 })
  return unsent ? show(c, deps, { pending, person }, { unsent }) : c.redirect(PATH, 303)
}

const prove = async (deps: Deps, { pending }: Owed, form: URLSearchParams): Promise<SecondMethod> => {
  const answer = form.get('credential')
  if (!answer) return proveByCode(deps, pending.user_id, form.get('code') ?? '')
  const asking = { purpose: 'second_step', bound_to: pending._id } as const
  await proveByPasskey(deps, answer, asking, pending.user_id)
  return 'passkey'
}

/** The log has each wrong second factor: somebody who knows the password may be guessing it. */
const recordRefusal = (c: Ctx, deps: Deps, person: Person, { error }: Fault): Promise<void> => {
  const ws = workspacesOf(person)
  const asked = {
    action: 'second_factor.refused',
    ws,
    by: byOf({ person }),
    address: deps.addressOf(c),
  } as const
  return recordAudit(deps, {
    ...asked,
    target: { user_id: person._id },
    outcome: 'refused',
    reason: error.code,
  })
}

/** The second step of a sign-in, and its form. */
export const secondStepRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get(PATH, async (c) => {
    const owed = await findOwed(c, deps)
    return owed ? show(c, deps, owed) : over(c)
  })
  routes.post(PATH, async (c) => {
    const form = await fieldsOf(c, TEXT_FORM_BYTES + FORM_BYTES)
    const owed = await findOwed(c, deps)
    if (!owed) return over(c)
    const unsent = carriedIn(form)
    const done = await attempt(() => prove(deps, owed, form))
    const { pending, person } = owed
    if (!done.ok) {
      await recordRefusal(c, deps, person, done.fault)
      return show(c, deps, owed, { fault: done.fault, unsent })
    }
    // Of two right answers at once, one begins a session.
    if (!(await deps.store.pendingSignIns.take(pending._id))) return over(c)
    deleteCookie(c, cookieName(deps), siteCookie(deps.public_url))
    if (done.value === 'recovery_code') await requestFactorMail(deps, person, 'recovery_used')
    const { waiting, provider } = pending
    const after = { waiting, unsent, ...(provider ? { provider } : {}) }
    return startAndLead(c, deps, person, [pending.method, done.value], after)
  })
}
