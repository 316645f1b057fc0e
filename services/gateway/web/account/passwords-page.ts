// The pages on which people who forgot their password choose a new one, by a link that is mailed to them.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { personOfLink, RESET_MS, requestReset, resetPassword } from '../../accounts/credentials.ts'
import { rememberDevice } from '../../accounts/devices.ts'
import { PASSWORD_CHARS, type Person } from '../../accounts/person-rules.ts'
import { startSession } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { goOn, keepWaiting, takeWaiting, type Waiting, waitingOf, withWaiting } from '../flow.ts'
import { type Ctx, type Html, messagePage, type Page, send } from '../layout.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, input } from '../posted-forms.ts'

/** The input of a new password. */
export const newPassword = (fault: Fault | undefined, label = 'Password'): Html =>
  input(
    {
      name: 'password',
      label,
      type: 'password',
      autocomplete: 'new-password',
      hint: `At least ${PASSWORD_CHARS.min} characters. A few words in a row are easy to remember.`,
      min: PASSWORD_CHARS.min,
      max: PASSWORD_CHARS.max,
    },
    fault,
  )

const forgotPage = (typed: string, waiting: Waiting, fault?: Fault): Page => ({
  title: 'Forgot your password?',
  body: html`<h1>Forgot your password?</h1>
    <p class="lead">Enter the email address of your account. We will send you a link to choose a new password.</p>
    <form class="card" method="post" action="${withWaiting('/forgot', waiting)}">
      ${faultNote(fault)}
      ${input(
        { name: 'email', label: 'Email', type: 'email', value: typed, autocomplete: 'username', max: 254 },
        fault,
      )}
      <button class="wide">Send the email</button>
    </form>
    <p class="under"><a href="${withWaiting('/sign-in', waiting)}">Back to sign in</a></p>`,
})

const askForMail = async (c: Ctx, deps: Deps): Promise<Response> => {
  const typed = (await fieldsOf(c)).get('email') ?? ''
  const done = await attempt(() => requestReset(deps, typed, deps.addressOf(c)))
  const waiting = waitingOf(c)
  if (!done.ok) return send(c, forgotPage(typed, waiting, done.fault), formActionOf(done.fault))
  keepWaiting(c, deps, waiting, RESET_MS / 1_000)
  const text =
    'If there is an account with that address, we have sent it an email with a link. The link works for one hour.'
  return send(c, messagePage('Check your email', text))
}

const resetPage = (person: Person, fault?: Fault): Page => ({
  title: 'Choose a new password',
  body: html`<h1>Choose a new password</h1>
    <p class="lead">For the account of ${person.email}. This signs you out of all browsers and disconnects all apps.</p>
    <form class="card" method="post">
      ${faultNote(fault)}
      ${newPassword(fault, 'New password')}
      <button class="wide">Save and sign in</button>
    </form>
    <form class="card" method="post">
      <input type="hidden" name="keep" value="yes">
      <h2>Do you know your password?</h2>
      <p>Too many failed attempts may keep you out, even if somebody else made them. Let this browser sign in with your current password; nothing else changes.</p>
      <button class="second">Keep my password and sign in</button>
    </form>`,
})

const expiredPage: Page = {
  title: 'This link has expired',
  body: html`<div class="card"><h1>This link has expired</h1>
      <p>It has been used, or an hour has passed. <a href="/forgot">Ask for a new one</a>.</p></div>`,
}

/** Lets this browser sign in with the current password: no more than whoever reads the mailbox could do with a new one. */
const keepPassword = async (c: Ctx, deps: Deps, token: string): Promise<Response> => {
  const person = await personOfLink(deps, token)
  if (!person) return send(c, expiredPage, { status: 404 })
  rememberDevice(c, deps, person._id)
  return c.redirect(withWaiting('/sign-in', takeWaiting(c, deps)), 303)
}

/** The pages for a new password and their forms. */
export const passwordRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/forgot', (c) => send(c, forgotPage('', waitingOf(c))))
  routes.post('/forgot', (c) => askForMail(c, deps))
  routes.get('/reset/:token', async (c) => {
    const person = await personOfLink(deps, c.req.param('token'))
    return person ? send(c, resetPage(person)) : send(c, expiredPage, { status: 404 })
  })
  routes.post('/reset/:token', async (c) => {
    const token = c.req.param('token')
    const form = await fieldsOf(c)
    if (form.has('keep')) return keepPassword(c, deps, token)
    const password = form.get('password') ?? ''
    const done = await attempt(() => resetPassword(deps, token, password))
    if (done.ok) return goOn(c, deps, await startSession(c, deps, done.value), takeWaiting(c, deps))
    const person = await personOfLink(deps, token)
    if (!person) return send(c, expiredPage, { status: 404 })
    return send(c, resetPage(person, done.fault), formActionOf(done.fault))
  })
}
