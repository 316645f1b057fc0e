// A person's account page: address, language and time zone, password, signing out.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import {
  directionOf,
  LANGUAGES,
  type Language,
  languageOf,
} from '../../../../shared/contracts/define/language.ts'
import { requestConfirmation } from '../../accounts/account-mails.ts'
import { changePassword, signOutEverywhere } from '../../accounts/credentials.ts'
import { isConfirmed, type Person } from '../../accounts/person-rules.ts'
import { chooseReading, timeZonesByArea } from '../../accounts/reading.ts'
import { endSession, type SignedIn, startSession } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { signedInOnly } from '../flow.ts'
import { type Ctx, type Html, messagePage, type Page, send } from '../layout.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, input } from '../posted-forms.ts'
import { newPassword } from './passwords-page.ts'

/** The forms of the page. */
type Form = 'address' | 'reading' | 'password'

/** What came of a posted form. */
type Outcome = Readonly<{ done?: Form | 'confirmed'; fault?: Readonly<{ of: Form; fault: Fault }> }>

const DONE: Readonly<Record<Form | 'confirmed', string>> = {
  address: 'The email is on its way to you.',
  confirmed: 'Your address is confirmed.',
  reading: 'Saved. Your next email will follow this.',
  password:
    'Your password has been changed. You are signed out of all other browsers, and all apps are disconnected.',
}

const faultOf = ({ fault }: Outcome, form: Form): Fault | undefined =>
  fault?.of === form ? fault.fault : undefined

const languageOptions = (chosen: Language): Html[] =>
  (Object.keys(LANGUAGES) as Language[]).map(
    (language) =>
      html`<option value="${language}" lang="${language}" dir="${directionOf(language)}" ${language === chosen ? 'selected' : ''}>${LANGUAGES[language]}</option>`,
  )

const zoneOptions = (chosen: string | null): Html[] =>
  timeZonesByArea(chosen).map(
    ({ area, zones }) =>
      html`<optgroup label="${area}">${zones.map(
        ({ name, label }) =>
          html`<option value="${name}" ${name === chosen ? 'selected' : ''}>${label}</option>`,
      )}</optgroup>`,
  )

/** Says what cannot be done before the address is confirmed, and sends the mail for it again. */
const unconfirmed = ({ email }: Person, fault: Fault | undefined): Html => html`
    <section class="card" aria-labelledby="address-title">
      <h2 id="address-title">Confirm your address</h2>
      ${faultNote(fault)}
      <p>We sent an email with a link to <strong>${email}</strong>. Until you follow the link, you get no emails about your work and cannot invite anyone.</p>
      <form method="post" action="/account/confirmation"><button class="second">Send the email again</button></form>
    </section>`

const reading = ({ locale, time_zone = null }: Person, fault: Fault | undefined): Html => html`
    <section class="card" aria-labelledby="reading-title">
      <h2 id="reading-title">Language and time zone</h2>
      <p class="small">Emails to you use this language and time zone.</p>
      <form method="post" action="/account/reading">
        ${faultNote(fault)}
        <div class="field"><label for="language">Language</label>
          <select id="language" name="language" autocomplete="language">${languageOptions(languageOf(locale))}</select></div>
        <div class="field"><label for="time_zone">Time zone</label>
          <select id="time_zone" name="time_zone">
            <option value="">Same as the workspace</option>
            ${zoneOptions(time_zone)}
          </select></div>
        <button class="wide">Save</button>
      </form>
    </section>`

const password = ({ email }: Person, fault: Fault | undefined): Html => html`
    <section class="card" aria-labelledby="password-title">
      <h2 id="password-title">Change password</h2>
      <p class="small">This signs you out of all other browsers, disconnects all apps and ends your access tokens.</p>
      <form method="post" action="/account/password">
        ${faultNote(fault)}
        <input type="hidden" name="username" autocomplete="username" value="${email}">
        ${input(
          { name: 'current', label: 'Current password', type: 'password', autocomplete: 'current-password' },
          fault,
        )}
        ${newPassword(fault, 'New password')}
        <button class="wide">Change password</button>
      </form>
    </section>`

const programs: Html = html`
    <section class="card" aria-labelledby="programs-title">
      <h2 id="programs-title">Programs in your name</h2>
      <p><a href="/apps">Connected apps</a> signed in through your browser. <a href="/account/tokens">Access tokens</a> are for programs that have none, such as CI jobs.</p>
    </section>`

const signOut: Html = html`
    <section class="card" aria-labelledby="sign-out-title">
      <h2 id="sign-out-title">Sign out</h2>
      <p class="small">Signing out everywhere also disconnects all apps and ends your access tokens.</p>
      <div class="buttons">
        <button class="second" form="sign-out">Sign out here</button>
        <button class="second" form="sign-out-everywhere">Sign out everywhere</button>
      </div>
      <form id="sign-out" method="post" action="/sign-out"></form>
      <form id="sign-out-everywhere" method="post" action="/account/sign-out-everywhere"></form>
    </section>`

const accountPage = (signedIn: SignedIn, outcome: Outcome): Page => {
  const { person } = signedIn
  return {
    title: 'Your account',
    signedIn,
    body: html`<h1>Your account</h1>
    ${outcome.done ? html`<p class="note" role="status">${DONE[outcome.done]}</p>` : ''}
    <div class="card">
      <dl class="facts">
        <dt>Name</dt><dd>${person.name}</dd>
        <dt>Email</dt><dd>${person.email}</dd>
      </dl>
    </div>
    ${isConfirmed(person) ? '' : unconfirmed(person, faultOf(outcome, 'address'))}
    ${reading(person, faultOf(outcome, 'reading'))}
    ${password(person, faultOf(outcome, 'password'))}
    ${programs}
    ${signOut}`,
  }
}

const sendConfirmation = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  if (isConfirmed(signedIn.person)) return c.redirect('/account', 303)
  const done = await attempt(() => requestConfirmation(deps, signedIn.person))
  if (done.ok) return c.redirect('/account?sent', 303)
  return send(
    c,
    accountPage(signedIn, { fault: { of: 'address', fault: done.fault } }),
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
    accountPage(signedIn, { fault: { of: 'reading', fault: done.fault } }),
    formActionOf(done.fault),
  )
}

const savePassword = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const form = await fieldsOf(c)
  const typed = { current: form.get('current') ?? '', password: form.get('password') ?? '' }
  const done = await attempt(() => changePassword(deps, signedIn.person, typed))
  if (!done.ok) {
    const { fault } = done
    return send(c, accountPage(signedIn, { fault: { of: 'password', fault } }), formActionOf(fault))
  }
  const session = await startSession(c, deps, done.value)
  if (signedIn.membership) await deps.store.sessions.show(session._id, signedIn.membership.workspace_id)
  return c.redirect('/account?changed', 303)
}

const endAll = async (c: Ctx, deps: Deps, { person }: SignedIn): Promise<Response> => {
  await signOutEverywhere(deps, person._id)
  await endSession(c, deps)
  const text = html`You are signed out of all browsers, and all apps are disconnected. <a href="/sign-in">Sign in</a>`
  return send(c, messagePage('You are signed out everywhere', text))
}

const doneOf = (c: Ctx): Pick<Outcome, 'done'> => {
  if (c.req.query('changed') !== undefined) return { done: 'password' }
  if (c.req.query('sent') !== undefined) return { done: 'address' }
  if (c.req.query('confirmed') !== undefined) return { done: 'confirmed' }
  return c.req.query('saved') === undefined ? {} : { done: 'reading' }
}

/** The account's page and its forms. */
export const ownAccountRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get(
    '/account',
    signedInOnly(deps, (c, _, signedIn) => send(c, accountPage(signedIn, doneOf(c)))),
  )
  routes.post('/account/confirmation', signedInOnly(deps, sendConfirmation))
  routes.post('/account/reading', signedInOnly(deps, saveReading))
  routes.post('/account/sign-out-everywhere', signedInOnly(deps, endAll))
  routes.post('/account/password', signedInOnly(deps, savePassword))
}
