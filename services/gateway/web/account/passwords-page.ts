// The pages on which people who forgot their password choose a new one, by a link that is mailed to them.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { personOfLink, RESET_MS, requestReset, resetPassword } from '../../accounts/credentials.ts'
import { rememberDevice } from '../../accounts/devices.ts'
import { PASSWORD_CHARS, type Person } from '../../accounts/person-rules.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { auditedOfAccount } from '../audited-forms.ts'
import { keepWaiting, takeWaiting, type Waiting, waitingOf, withWaiting } from '../flow.ts'
import { type Ctx, type Html, languageFor, messagePage, type Page, send } from '../layout.ts'
import { PASSWORDS } from '../messages/passwords.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, input } from '../posted-forms.ts'
import { finishSignIn } from './finish-sign-in.ts'

/** The input of a new password. */
export const newPassword = (
  language: Language,
  fault: Fault | undefined,
  label: 'password' | 'new_password' = 'password',
): Html => {
  const words = wordsOf(PASSWORDS, language)
  return input(
    {
      name: 'password',
      label: words.word(label),
      type: 'password',
      autocomplete: 'new-password',
      hint: words.say('hint', { min: String(PASSWORD_CHARS.min) }),
      min: PASSWORD_CHARS.min,
      max: PASSWORD_CHARS.max,
    },
    fault,
  )
}

const forgotPage = (language: Language, typed: string, waiting: Waiting, fault?: Fault): Page => {
  const words = wordsOf(PASSWORDS, language)
  return {
    title: words.word('forgot'),
    language,
    body: html`<h1>${words.word('forgot')}</h1>
    <p class="lead">${words.word('forgot_lead')}</p>
    <form class="card" method="post" action="${withWaiting('/forgot', waiting)}">
      ${faultNote(fault, language)}
      ${input(
        {
          name: 'email',
          label: words.word('email'),
          type: 'email',
          value: typed,
          autocomplete: 'username',
          max: 254,
        },
        fault,
      )}
      <button class="wide">${words.word('send')}</button>
    </form>
    <p class="under"><a href="${withWaiting('/sign-in', waiting)}">${words.word('back')}</a></p>`,
  }
}

const askForMail = async (c: Ctx, deps: Deps): Promise<Response> => {
  const typed = (await fieldsOf(c)).get('email') ?? ''
  const done = await attempt(() => requestReset(deps, typed, deps.addressOf(c)))
  const waiting = waitingOf(c)
  const language = languageFor(c)
  if (!done.ok) return send(c, forgotPage(language, typed, waiting, done.fault), formActionOf(done.fault))
  keepWaiting(c, deps, waiting, RESET_MS / 1_000)
  const words = wordsOf(PASSWORDS, language)
  return send(c, messagePage(language, words.word('sent'), words.word('sent_lead')))
}

const resetPage = (language: Language, person: Person, fault?: Fault): Page => {
  const words = wordsOf(PASSWORDS, language)
  return {
    title: words.word('choose'),
    language,
    body: html`<h1>${words.word('choose')}</h1>
    <p class="lead">${words.say('choose_lead', { email: person.email })}</p>
    <form class="card" method="post">
      ${faultNote(fault, language)}
      ${newPassword(language, fault, 'new_password')}
      <button class="wide">${words.word('save')}</button>
    </form>
    ${
      person.password_hash === null
        ? ''
        : html`<form class="card" method="post">
      <input type="hidden" name="keep" value="yes">
      <h2>${words.word('known')}</h2>
      <p>${words.word('known_lead')}</p>
      <button class="second">${words.word('keep')}</button>
    </form>`
    }`,
  }
}

const expired = (c: Ctx): Promise<Response> => {
  const language = languageFor(c)
  const words = wordsOf(PASSWORDS, language)
  const link = html`<a href="/forgot">${words.word('ask_new')}</a>`
  const page = messagePage(language, words.word('expired'), words.pieces('expired_next', { link }))
  return send(c, page, { status: 404 })
}

/** Lets this browser sign in with the current password: no more than whoever reads the mailbox could do with a new one. */
const keepPassword = async (c: Ctx, deps: Deps, token: string): Promise<Response> => {
  const person = await personOfLink(deps, token)
  if (!person) return expired(c)
  rememberDevice(c, deps, person._id)
  return c.redirect(withWaiting('/sign-in', takeWaiting(c, deps)), 303)
}

/** The pages for a new password and their forms. */
export const passwordRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/forgot', async (c) => {
    const waiting = waitingOf(c)
    if (deps.passwords_for === 'off') return c.redirect(withWaiting('/sign-in', waiting), 303)
    return send(c, forgotPage(languageFor(c), '', waiting))
  })
  routes.post('/forgot', (c) => askForMail(c, deps))
  routes.get('/reset/:token', async (c) => {
    const person = await personOfLink(deps, c.req.param('token'))
    return person ? send(c, resetPage(languageFor(c), person)) : expired(c)
  })
  routes.post('/reset/:token', async (c) => {
    const token = c.req.param('token')
    const form = await fieldsOf(c)
    if (form.has('keep')) return keepPassword(c, deps, token)
    const password = form.get('password') ?? ''
    const before = await personOfLink(deps, token)
    if (!before) return expired(c)
    const reset = () => resetPassword(deps, token, password)
    const done = await attempt(() => auditedOfAccount(c, deps, { person: before }, 'password.reset', reset))
    if (done.ok) return finishSignIn(c, deps, done.value, 'mailed_link', { waiting: takeWaiting(c, deps) })
    const person = await personOfLink(deps, token)
    if (!person) return expired(c)
    return send(c, resetPage(languageFor(c), person, done.fault), formActionOf(done.fault))
  })
}
