// The pages for creating an account, signing in and out.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { signIn, signUp } from '../../accounts/accounts.ts'
import { devicesOf } from '../../accounts/devices.ts'
import { localeOf } from '../../accounts/person-rules.ts'
import { endSession, findSignedIn } from '../../accounts/sessions.ts'
import { signUpState } from '../../accounts/setup.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { FORM_BYTES } from '../../http/forms.ts'
import { goOn, offersSignUp, type Waiting, waitingOf, withWaiting } from '../flow.ts'
import { type Ctx, type Html, languageFor, type Page, send } from '../layout.ts'
import { OIDC } from '../messages/oidc.ts'
import { SIGN_IN } from '../messages/sign-in.ts'
import {
  attempt,
  type Fault,
  faultNote,
  fieldsOf,
  formActionOf,
  input,
  refusedFieldsOf,
  TEXT_FORM_BYTES,
} from '../posted-forms.ts'
import { carriedIn, carrying, type Unsent, unsentTo } from '../typed-texts.ts'
import { finishSignIn } from './finish-sign-in.ts'
import { passkeyButton } from './passkey-sign-in-page.ts'
import { newPassword } from './passwords-page.ts'
import { providerButtons, type ShownProvider, shownProviders } from './provider-buttons.ts'

/** Most bytes of the form: it may carry another one. */
const SIGN_IN_BYTES = TEXT_FORM_BYTES + FORM_BYTES

/** What was typed and is shown again; never a password. */
export type Typed = Readonly<{ name?: string; email?: string; workspace?: string }>

/** What was typed into the form of an account. */
export const typedOf = (form: URLSearchParams) => ({
  name: form.get('name') ?? '',
  email: form.get('email') ?? '',
  workspace: form.get('workspace') ?? '',
  password: form.get('password') ?? '',
})

type SignInWords = Words<(typeof SIGN_IN)['en']>

/** The input of a name. */
export const nameInput = (words: SignInWords, typed: Typed, fault: Fault | undefined): Html =>
  input(
    { name: 'name', label: words.word('your_name'), value: typed.name ?? '', autocomplete: 'name', max: 200 },
    fault,
  )

const emailInput = (words: SignInWords, typed: Typed, fault: Fault | undefined): Html =>
  input(
    {
      name: 'email',
      label: words.word('email'),
      type: 'email',
      value: typed.email ?? '',
      autocomplete: 'username',
      max: 254,
    },
    fault,
  )

/** Leads people with an account to sign in. */
export const haveAccount = (
  words: SignInWords,
  waiting: Waiting,
  label: 'sign_in' | 'sign_in_to_join' = 'sign_in',
): readonly (Html | string)[] =>
  words.pieces('have_account', {
    link: html`<a href="${withWaiting('/sign-in', waiting)}">${words.word(label)}</a>`,
  })

const signUpPage = (
  language: Language,
  shown: { isNew: boolean; typed: Typed; waiting: Waiting; fault?: Fault | undefined },
): Page => {
  const { isNew, typed, waiting, fault } = shown
  const words = wordsOf(SIGN_IN, language)
  const title = words.word(isNew ? 'set_up' : 'create')
  return {
    title,
    language,
    body: html`<h1>${title}</h1>
    <p class="lead">${words.word(isNew ? 'first_lead' : 'own_lead')}</p>
    <form class="card" method="post" action="${withWaiting('/sign-up', waiting)}">
      ${faultNote(fault, language)}
      ${nameInput(words, typed, fault)}
      ${emailInput(words, typed, fault)}
      ${newPassword(language, fault)}
      ${input(
        {
          name: 'workspace',
          label: words.word('workspace_name'),
          value: typed.workspace ?? '',
          autocomplete: 'organization',
          hint: words.word('workspace_hint'),
          max: 200,
        },
        fault,
      )}
      <button class="wide">${words.word('create_button')}</button>
    </form>
    <p class="under">${haveAccount(words, waiting)}</p>`,
  }
}

const closedPage = (language: Language, waiting: Waiting): Page => {
  const words = wordsOf(SIGN_IN, language)
  return {
    title: words.word('closed'),
    language,
    body: html`<div class="card">
      <h1>${words.word('closed')}</h1>
      <p>${words.word('closed_next')}</p>
      <p>${haveAccount(words, waiting)}</p>
    </div>`,
  }
}

/** Shown in place of the first sign-up to people without the setup link. */
const setupPage = (language: Language): Page => {
  const words = wordsOf(SIGN_IN, language)
  return {
    title: words.word('set_up'),
    language,
    body: html`<div class="card">
      <h1>${words.word('set_up')}</h1>
      <p>${words.pieces('setup_link', { command: html`<code>npm start</code>` })}</p>
      <p>${words.word('setup_next')}</p>
    </div>`,
  }
}

/** The page for people who may not create an account now; undefined where they may. */
const refusalPage = async (c: Ctx, deps: Deps, waiting: Waiting): Promise<Page | undefined> => {
  const state = await signUpState(deps, waiting.setup)
  if (state === 'open') return undefined
  const language = languageFor(c)
  return state === 'closed' ? closedPage(language, waiting) : setupPage(language)
}

type ShownSignIn = {
  offersSignUp: boolean
  public_url: string
  providers: readonly ShownProvider[]
  /** Whether the page shows the form for a password, or leads owners to it. */
  passwords: 'form' | 'link' | 'none'
  typed: Typed
  waiting: Waiting
  fault?: Fault | undefined
  /** A form that its sender was no longer signed in for; it waits until they are. */
  unsent?: Unsent | undefined
}

const passwordForm = (language: Language, shown: ShownSignIn): Html => {
  const { typed, waiting, fault, unsent, providers } = shown
  const words = wordsOf(SIGN_IN, language)
  return html`${providers.length > 0 ? html`<h2 class="under">${wordsOf(OIDC, language).word('or_password')}</h2>` : ''}
    <form class="card" method="post" action="${withWaiting('/sign-in', waiting)}">
      ${faultNote(fault, language)}${unsent ? carrying(unsent) : ''}
      ${emailInput(words, typed, fault)}
      ${input({ name: 'password', label: words.word('password'), type: 'password', autocomplete: 'current-password' }, fault)}
      <button class="wide">${words.word('sign_in')}</button>
    </form>
    ${passkeyButton(language, shown, waiting, unsent)}
    <p class="under"><a href="${withWaiting('/forgot', waiting)}">${words.word('forgot')}</a></p>`
}

const signInPage = (language: Language, shown: ShownSignIn): Page => {
  const { waiting, fault, unsent, passwords } = shown
  const words = wordsOf(SIGN_IN, language)
  const forOwners = wordsOf(OIDC, language).word('owners_password')
  const signUpLink = html`<a href="${withWaiting('/sign-up', waiting)}">${words.word('create')}</a>`
  return {
    title: words.word('sign_in'),
    language,
    body: html`<h1>${words.word('sign_in')}</h1>
    ${waiting.request ? html`<p class="lead">${words.word('app_waits')}</p>` : ''}
    ${unsent && passwords === 'form' ? html`<p class="lead">${words.word('signed_out_since')}</p>` : ''}
    ${passwords === 'form' ? '' : faultNote(fault, language)}
    ${providerButtons(shown.providers, language, waiting)}
    ${passwords === 'form' ? passwordForm(language, shown) : ''}
    ${passwords === 'link' ? html`<p class="under"><a href="${withWaiting('/sign-in/password', waiting)}">${forOwners}</a></p>` : ''}
    ${shown.offersSignUp ? html`<p class="under">${words.pieces('new_here', { link: signUpLink })}</p>` : ''}`,
  }
}

/** What every sign-in page shows, whoever asks. @param asked whether an owner asked for the form of their own accord */
const shownFor = async (
  deps: Deps,
  asked = false,
): Promise<Pick<ShownSignIn, 'offersSignUp' | 'public_url' | 'providers' | 'passwords'>> => ({
  public_url: deps.public_url,
  offersSignUp: await offersSignUp(deps),
  providers: await shownProviders(deps),
  passwords: ({ on: 'form', owners: asked ? 'form' : 'link', off: 'none' } as const)[deps.passwords_for],
})

const signUpRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const isNew = () => deps.store.people.isEmpty()
  routes.get('/sign-up', async (c) => {
    const waiting = waitingOf(c)
    const refusal = await refusalPage(c, deps, waiting)
    if (refusal) return send(c, refusal, { status: 403 })
    return send(c, signUpPage(languageFor(c), { isNew: await isNew(), typed: {}, waiting }))
  })
  routes.post('/sign-up', async (c) => {
    const waiting = waitingOf(c)
    const typed = typedOf(await fieldsOf(c))
    const locale = localeOf(c.req.header('accept-language'))
    const account = { ...typed, locale, setup: waiting.setup }
    const done = await attempt(() => signUp(deps, account, deps.addressOf(c)))
    if (done.ok) return finishSignIn(c, deps, done.value, 'password', { waiting, fresh: true })
    const refusal = await refusalPage(c, deps, waiting)
    if (refusal) return send(c, refusal, { status: 403 })
    const { fault } = done
    const page = signUpPage(languageFor(c), { isNew: await isNew(), typed, waiting, fault })
    return send(c, page, formActionOf(fault))
  })
}

/**
 * Asks somebody who is not signed in to do so. What they typed into a form of the board goes along in the page, and nowhere
 * else, and is shown again afterwards.
 */
export const askToSignIn = async (c: Ctx, deps: Deps): Promise<Response> => {
  const { pathname, search } = new URL(c.req.url)
  const unsent = unsentTo(`${pathname}${search}`, await refusedFieldsOf(c, TEXT_FORM_BYTES))
  if (!unsent) return c.redirect('/sign-in', 303)
  const shown = { ...(await shownFor(deps, true)), typed: {}, waiting: {}, unsent }
  return send(c, signInPage(languageFor(c), shown), { status: 401 })
}

const signOutPage = (language: Language): Page => {
  const words = wordsOf(SIGN_IN, language)
  return {
    title: words.word('sign_out'),
    language,
    body: html`<form class="card" method="post"><h1>${words.word('ask_sign_out')}</h1><button class="wide">${words.word('sign_out')}</button></form>`,
  }
}

const signInRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/sign-in', async (c) => {
    const waiting = waitingOf(c)
    const signedIn = await findSignedIn(c, deps)
    if (signedIn) return goOn(c, deps, signedIn.session, waiting)
    return send(c, signInPage(languageFor(c), { ...(await shownFor(deps)), typed: {}, waiting }))
  })
  routes.get('/sign-in/password', async (c) => {
    const shown = { ...(await shownFor(deps, true)), typed: {}, waiting: waitingOf(c) }
    return send(c, signInPage(languageFor(c), shown))
  })
  routes.post('/sign-in', async (c) => {
    const waiting = waitingOf(c)
    const form = await fieldsOf(c, SIGN_IN_BYTES)
    const [typed, unsent] = [typedOf(form), carriedIn(form)]
    const from = { address: deps.addressOf(c), devices: devicesOf(c, deps) }
    const done = await attempt(() => signIn(deps, typed, from))
    if (done.ok) return finishSignIn(c, deps, done.value, 'password', { waiting, unsent })
    const { fault } = done
    const shown = { ...(await shownFor(deps, true)), typed, waiting, fault, unsent }
    const page = signInPage(languageFor(c), shown)
    return send(c, page, formActionOf(fault))
  })
  routes.get('/sign-out', async (c) => send(c, signOutPage(languageFor(c, await findSignedIn(c, deps)))))
  routes.post('/sign-out', async (c) => {
    await endSession(c, deps)
    const waiting = waitingOf(c)
    return c.redirect(
      waiting.invitation ? `/invitations/${waiting.invitation}` : withWaiting('/sign-in', waiting),
      303,
    )
  })
}

/** Sign-up, sign-in and sign-out. */
export const accountRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  signUpRoutes(routes, deps)
  signInRoutes(routes, deps)
}
