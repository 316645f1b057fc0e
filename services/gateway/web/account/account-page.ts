// A person's account page: address, language and time zone, password, signing out.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import {
  directionOf,
  LANGUAGES,
  type Language,
  languageOf,
} from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { requestConfirmation } from '../../accounts/account-mails.ts'
import { changePassword, requestReset, signOutEverywhere } from '../../accounts/credentials.ts'
import { isConfirmed, mayUsePassword, type Person } from '../../accounts/person-rules.ts'
import { chooseReading, timeZonesByArea } from '../../accounts/reading.ts'
import { endSession, type SignedIn, startSession } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { disconnectIdentity, identityKey, providerName } from '../../oidc/identities.ts'
import { auditedOfAccount } from '../audited-forms.ts'
import { signedInOnly } from '../flow.ts'
import { type Ctx, type Html, messagePage, type Page, send } from '../layout.ts'
import { ACCOUNT } from '../messages/account.ts'
import { SECOND_FACTOR } from '../messages/second-factor.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, input } from '../posted-forms.ts'
import { newPassword } from './passwords-page.ts'
import { providersOfAccount } from './provider-buttons.ts'
import { afterProof } from './re-authenticate.ts'

/** The forms of the page. */
type Form = 'address' | 'reading' | 'password' | 'providers'

/** What came of a posted form. */
type Outcome = Readonly<{
  done?: Exclude<Form, 'providers'> | 'confirmed' | 'connected' | 'disconnected'
  fault?: Readonly<{ of: Form; fault: Fault }>
}>

type AccountWords = Words<(typeof ACCOUNT)['en']>

/** What a part of the page is made from. */
type Part = Readonly<{ person: Person; language: Language; words: AccountWords; fault: Fault | undefined }>

const faultOf = ({ fault }: Outcome, form: Form): Fault | undefined =>
  fault?.of === form ? fault.fault : undefined

const languageOptions = (chosen: Language): Html[] =>
  (Object.keys(LANGUAGES) as Language[]).map(
    (language) =>
      html`<option value="${language}" lang="${language}" dir="${directionOf(language)}" ${language === chosen ? 'selected' : ''}>${LANGUAGES[language]}</option>`,
  )

const zoneOptions = (chosen: string | null, words: AccountWords): Html[] =>
  timeZonesByArea(chosen).map(
    ({ area, zones }) =>
      html`<optgroup label="${area ?? words.word('everywhere')}">${zones.map(
        ({ name, label }) =>
          html`<option value="${name}" ${name === chosen ? 'selected' : ''}>${label}</option>`,
      )}</optgroup>`,
  )

/** Says what cannot be done before the address is confirmed, and sends the mail for it again. */
const unconfirmed = ({ person, language, words, fault }: Part): Html => html`
    <section class="card" aria-labelledby="address-title">
      <h2 id="address-title">${words.word('confirm')}</h2>
      ${faultNote(fault, language)}
      <p>${words.pieces('confirm_lead', { email: html`<strong>${person.email}</strong>` })}</p>
      <form method="post" action="/account/confirmation"><button class="second">${words.word('send_again')}</button></form>
    </section>`

const reading = ({ person, language, words, fault }: Part): Html => html`
    <section class="card" aria-labelledby="reading-title">
      <h2 id="reading-title">${words.word('reading')}</h2>
      <p class="small">${words.word('reading_lead')}</p>
      <form method="post" action="/account/reading">
        ${faultNote(fault, language)}
        <div class="field"><label for="language">${words.word('language')}</label>
          <select id="language" name="language" autocomplete="language">${languageOptions(language)}</select></div>
        <div class="field"><label for="time_zone">${words.word('time_zone')}</label>
          <select id="time_zone" name="time_zone">
            <option value="">${words.word('same_as_workspace')}</option>
            ${zoneOptions(person.time_zone ?? null, words)}
          </select></div>
        <button class="wide">${words.word('save')}</button>
      </form>
    </section>`

const password = ({ person, language, words, fault }: Part): Html => html`
    <section class="card" aria-labelledby="password-title">
      <h2 id="password-title">${words.word('change_password')}</h2>
      <p class="small">${words.word('password_lead')}</p>
      <form method="post" action="/account/password">
        ${faultNote(fault, language)}
        <input type="hidden" name="username" autocomplete="username" value="${person.email}">
        ${input(
          {
            name: 'current',
            label: words.word('current_password'),
            type: 'password',
            autocomplete: 'current-password',
          },
          fault,
        )}
        ${newPassword(language, fault, 'new_password')}
        <button class="wide">${words.word('change_password')}</button>
      </form>
    </section>`

/** For somebody without a password: the link for one is mailed, which proves that the account is theirs. */
const firstPassword = ({ language, words, fault }: Part): Html => html`
    <section class="card" aria-labelledby="password-title">
      <h2 id="password-title">${words.word('set_password')}</h2>
      <p class="small">${words.word('set_password_lead')}</p>
      <form method="post" action="/account/password-link">
        ${faultNote(fault, language)}
        <button class="second">${words.word('mail_password_link')}</button>
      </form>
    </section>`

const passwordPart = (part: Part): Html =>
  part.person.password_hash === null ? firstPassword(part) : password(part)

const programs = ({ words, language }: Pick<Part, 'words' | 'language'>): Html => html`
    <section class="card" aria-labelledby="programs-title">
      <h2 id="programs-title">${words.word('programs')}</h2>
      <p>${words.pieces('programs_lead', {
        apps: html`<a href="/apps">${words.word('apps')}</a>`,
        tokens: html`<a href="/account/tokens">${words.word('tokens')}</a>`,
      })}</p>
      <p><a href="/account/second-factor">${wordsOf(SECOND_FACTOR, language).word('title')}</a></p>
    </section>`

const signOut = (words: AccountWords): Html => html`
    <section class="card" aria-labelledby="sign-out-title">
      <h2 id="sign-out-title">${words.word('sign_out')}</h2>
      <p><a href="/account/sessions">${words.word('browsers')}</a></p>
      <p class="small">${words.word('sign_out_lead')}</p>
      <div class="buttons">
        <button class="second" form="sign-out">${words.word('sign_out_here')}</button>
        <button class="second" form="sign-out-everywhere">${words.word('sign_out_everywhere')}</button>
      </div>
      <form id="sign-out" method="post" action="/sign-out"></form>
      <form id="sign-out-everywhere" method="post" action="/account/sign-out-everywhere"></form>
    </section>`

const accountPage = (deps: Deps, signedIn: SignedIn, outcome: Outcome): Page => {
  const { person } = signedIn
  const language = languageOf(person.locale)
  const words = wordsOf(ACCOUNT, language)
  const part = (form: Form): Part => ({ person, language, words, fault: faultOf(outcome, form) })
  return {
    title: words.word('title'),
    language,
    signedIn,
    body: html`<h1>${words.word('title')}</h1>
    ${outcome.done ? html`<p class="note" role="status">${words.word(`done_${outcome.done}`)}</p>` : ''}
    <div class="card">
      <dl class="facts">
        <dt>${words.word('name')}</dt><dd>${words.isolate(person.name)}</dd>
        <dt>${words.word('email')}</dt><dd>${words.isolate(person.email)}</dd>
      </dl>
      <p><a href="/account/details">${words.word('change_details')}</a></p>
    </div>
    ${isConfirmed(person) ? '' : unconfirmed(part('address'))}
    ${reading(part('reading'))}
    ${providersOfAccount(deps, person, language, faultOf(outcome, 'providers'))}
    ${mayUsePassword(deps.passwords_for, person) ? passwordPart(part('password')) : ''}
    ${programs({ words, language })}
    ${signOut(words)}`,
  }
}

const sendConfirmation = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  if (isConfirmed(signedIn.person)) return c.redirect('/account', 303)
  const done = await attempt(() => requestConfirmation(deps, signedIn.person))
  if (done.ok) return c.redirect('/account?sent', 303)
  return send(
    c,
    accountPage(deps, signedIn, { fault: { of: 'address', fault: done.fault } }),
    formActionOf(done.fault),
  )
}

const saveReading = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const form = await fieldsOf(c)
  const typed = { language: form.get('language') ?? '', time_zone: form.get('time_zone') ?? '' }
  const done = await attempt(() => chooseReading(deps, signedIn.person, typed))
  if (done.ok) return c.redirect('/account?saved', 303)
  return send(
    c,
    accountPage(deps, signedIn, { fault: { of: 'reading', fault: done.fault } }),
    formActionOf(done.fault),
  )
}

const savePassword = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const form = await fieldsOf(c)
  const typed = { current: form.get('current') ?? '', password: form.get('password') ?? '' }
  const change = () => changePassword(deps, signedIn.person, typed)
  const done = await attempt(() => auditedOfAccount(c, deps, signedIn, 'password.changed', change))
  if (!done.ok) {
    const { fault } = done
    return send(c, accountPage(deps, signedIn, { fault: { of: 'password', fault } }), formActionOf(fault))
  }
  const session = await startSession(c, deps, done.value, signedIn.session.methods ?? ['password'])
  if (signedIn.membership) await deps.store.sessions.show(session._id, signedIn.membership.workspace_id)
  return c.redirect('/account?changed', 303)
}

const mailPasswordLink = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const done = await attempt(() => requestReset(deps, signedIn.person.email, deps.addressOf(c)))
  if (done.ok) return c.redirect('/account?sent', 303)
  const { fault } = done
  return send(c, accountPage(deps, signedIn, { fault: { of: 'password', fault } }), formActionOf(fault))
}

const disconnect = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const { person } = signedIn
  const key = (await fieldsOf(c)).get('identity') ?? ''
  const identity = person.identities?.find((one) => identityKey(one) === key)
  const target: Readonly<Record<string, string>> = identity ? { provider: providerName(deps, identity) } : {}
  const work = () => disconnectIdentity(deps, person._id, key)
  const done = await attempt(() => auditedOfAccount(c, deps, signedIn, 'identity.unlinked', work, target))
  if (done.ok) return c.redirect('/account?disconnected', 303)
  const { fault } = done
  // Of a second click: it is done already.
  if (fault.error.code === 'not_found') return c.redirect('/account', 303)
  return send(c, accountPage(deps, signedIn, { fault: { of: 'providers', fault } }), formActionOf(fault))
}

const endAll = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const { person } = signedIn
  await auditedOfAccount(c, deps, signedIn, 'sessions.ended', () => signOutEverywhere(deps, person._id))
  await endSession(c, deps)
  const language = languageOf(person.locale)
  const words = wordsOf(ACCOUNT, language)
  const link = html`<a href="/sign-in">${words.word('sign_in')}</a>`
  const page = messagePage(language, words.word('signed_out'), words.pieces('signed_out_lead', { link }))
  return send(c, page)
}

const doneOf = (c: Ctx): Pick<Outcome, 'done'> => {
  if (c.req.query('changed') !== undefined) return { done: 'password' }
  if (c.req.query('sent') !== undefined) return { done: 'address' }
  if (c.req.query('confirmed') !== undefined) return { done: 'confirmed' }
  if (c.req.query('connected') !== undefined) return { done: 'connected' }
  if (c.req.query('disconnected') !== undefined) return { done: 'disconnected' }
  return c.req.query('saved') === undefined ? {} : { done: 'reading' }
}

/** The account's page and its forms. */
export const ownAccountRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get(
    '/account',
    signedInOnly(deps, (c, _, signedIn) => send(c, accountPage(deps, signedIn, doneOf(c)))),
  )
  routes.post('/account/confirmation', signedInOnly(deps, sendConfirmation))
  routes.post('/account/reading', signedInOnly(deps, saveReading))
  routes.post('/account/sign-out-everywhere', signedInOnly(deps, endAll))
  routes.post('/account/providers/disconnect', signedInOnly(deps, afterProof(disconnect)))
  routes.post('/account/password', signedInOnly(deps, savePassword))
  routes.post('/account/password-link', signedInOnly(deps, mailPasswordLink))
}
