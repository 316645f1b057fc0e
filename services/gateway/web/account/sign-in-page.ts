// The pages for creating an account, signing in and out, and accepting invitations.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { languageOf } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { joinByInvitation, openInvitation, signIn, signUp, signUpInvited } from '../../accounts/accounts.ts'
import { deviceOf } from '../../accounts/devices.ts'
import { localeOf } from '../../accounts/person-rules.ts'
import { endSession, findSignedIn, type SignedIn, startSession } from '../../accounts/sessions.ts'
import { signUpState } from '../../accounts/setup.ts'
import type { Invitation } from '../../accounts/workspace-rules.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { FORM_BYTES } from '../../http/forms.ts'
import { unmarked } from '../../secrets.ts'
import { goOn, offersSignUp, type Waiting, waitingOf, withWaiting } from '../flow.ts'
import { type Ctx, type Html, messagePage, type Page, send } from '../layout.ts'
import { TYPED } from '../messages/typed.ts'
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
import { carriedIn, carrying, type Unsent, unsentForm, unsentTo } from '../typed-texts.ts'
import { newPassword } from './passwords-page.ts'

/** Most bytes of the form: it may carry another one. */
const SIGN_IN_BYTES = TEXT_FORM_BYTES + FORM_BYTES

/** What was typed and is shown again; never a password. */
type Typed = Readonly<{ name?: string; email?: string; workspace?: string }>

const typedOf = (form: URLSearchParams) => ({
  name: form.get('name') ?? '',
  email: form.get('email') ?? '',
  workspace: form.get('workspace') ?? '',
  password: form.get('password') ?? '',
})

const nameInput = (typed: Typed, fault: Fault | undefined): Html =>
  input({ name: 'name', label: 'Your name', value: typed.name ?? '', autocomplete: 'name', max: 200 }, fault)

const emailInput = (typed: Typed, fault: Fault | undefined): Html =>
  input(
    {
      name: 'email',
      label: 'Email',
      type: 'email',
      value: typed.email ?? '',
      autocomplete: 'username',
      max: 254,
    },
    fault,
  )

const signUpPage = (shown: {
  isNew: boolean
  typed: Typed
  waiting: Waiting
  fault?: Fault | undefined
}): Page => {
  const { isNew, typed, waiting, fault } = shown
  const title = isNew ? 'Set up Loops' : 'Create an account'
  return {
    title,
    body: html`<h1>${title}</h1>
    <p class="lead">${
      isNew
        ? 'You are the first one here. This account owns the first workspace and can invite everyone else.'
        : 'It comes with a workspace of your own.'
    }</p>
    <form class="card" method="post" action="${withWaiting('/sign-up', waiting)}">
      ${faultNote(fault)}
      ${nameInput(typed, fault)}
      ${emailInput(typed, fault)}
      ${newPassword(fault)}
      ${input(
        {
          name: 'workspace',
          label: 'Name of the workspace',
          value: typed.workspace ?? '',
          autocomplete: 'organization',
          hint: 'Usually your team or product.',
          max: 200,
        },
        fault,
      )}
      <button class="wide">Create account</button>
    </form>
    <p class="under">Have an account? <a href="${withWaiting('/sign-in', waiting)}">Sign in</a></p>`,
  }
}

const closedPage = (waiting: Waiting): Page => ({
  title: 'By invitation only',
  body: html`<div class="card">
      <h1>By invitation only</h1>
      <p>You need an invitation to create an account here. Ask a member of the workspace for one, then follow the link in the email.</p>
      <p>Have an account? <a href="${withWaiting('/sign-in', waiting)}">Sign in</a></p>
    </div>`,
})

/** Shown in place of the first sign-up to people without the setup link. */
const setupPage: Page = {
  title: 'Set up Loops',
  body: html`<div class="card">
      <h1>Set up Loops</h1>
      <p>The first account owns this installation, so creating it takes a link that only the people who run Loops can read. Find it at the end of what <code>npm start</code> shows, or in the gateway’s log: it is written there at each start until there is an account.</p>
      <p>Then open the link in this browser.</p>
    </div>`,
}

/** The page for people who may not create an account now; undefined where they may. */
const refusalPage = async (deps: Deps, waiting: Waiting): Promise<Page | undefined> => {
  const state = await signUpState(deps, waiting.setup)
  if (state === 'open') return undefined
  return state === 'closed' ? closedPage(waiting) : setupPage
}

const signInPage = (shown: {
  offersSignUp: boolean
  typed: Typed
  waiting: Waiting
  fault?: Fault | undefined
  /** A form that its sender was no longer signed in for; it waits until they are. */
  unsent?: Unsent | undefined
}): Page => {
  const { typed, waiting, fault, unsent } = shown
  return {
    title: 'Sign in',
    body: html`<h1>Sign in</h1>
    ${waiting.request ? html`<p class="lead">An app wants to work in Loops for you. Sign in to decide.</p>` : ''}
    ${unsent ? html`<p class="lead">You are no longer signed in. What you typed is kept on this page: sign in, and send it again.</p>` : ''}
    <form class="card" method="post" action="${withWaiting('/sign-in', waiting)}">
      ${faultNote(fault)}${unsent ? carrying(unsent) : ''}
      ${emailInput(typed, fault)}
      ${input({ name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' }, fault)}
      <button class="wide">Sign in</button>
    </form>
    <p class="under"><a href="${withWaiting('/forgot', waiting)}">Forgot your password?</a></p>
    ${
      shown.offersSignUp
        ? html`<p class="under">New here? <a href="${withWaiting('/sign-up', waiting)}">Create an account</a></p>`
        : ''
    }`,
  }
}

const invitationPage = (
  deps: Deps,
  shown: {
    invitation: Invitation
    workspace: string
    token: string
    signedIn?: SignedIn | undefined
    typed: Typed
    fault?: Fault | undefined
  },
): Page => {
  const { invitation, workspace, token, signedIn, typed, fault } = shown
  const title = `Join ${workspace}`
  const intro = html`<h1>${title}</h1>
    <p class="lead">${invitation.invited_by.name} invited ${invitation.email} to this workspace on ${new URL(deps.public_url).host}, as ${invitation.role}.</p>`
  if (signedIn)
    return {
      title,
      signedIn,
      body: html`${intro}
      <form class="card" method="post">
        ${faultNote(fault)}
        <p>You are signed in as <strong>${signedIn.person.name}</strong> (${signedIn.person.email}).</p>
        ${
          signedIn.person.email === invitation.email
            ? html`<button class="wide">Join with this account</button>`
            : html`<p class="note warn">This invitation is for ${invitation.email}. To join with another address, ask ${invitation.invited_by.name} to invite that address.</p>`
        }
      </form>
      <form class="under" method="post" action="${withWaiting('/sign-out', { invitation: token })}">
        <button class="plain">Use another account</button>
      </form>`,
    }
  return {
    title,
    body: html`${intro}
    <form class="card" method="post">
      ${faultNote(fault)}
      ${nameInput(typed, fault)}
      <div class="field"><span class="label">Email</span>${invitation.email}</div>
      ${newPassword(fault)}
      <button class="wide">Create account and join</button>
    </form>
    <p class="under">Have an account? <a href="${withWaiting('/sign-in', { invitation: token })}">Sign in to join with it</a></p>`,
  }
}

const signUpRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const isNew = () => deps.store.people.isEmpty()
  routes.get('/sign-up', async (c) => {
    const waiting = waitingOf(c)
    const refusal = await refusalPage(deps, waiting)
    if (refusal) return send(c, refusal, { status: 403 })
    return send(c, signUpPage({ isNew: await isNew(), typed: {}, waiting }))
  })
  routes.post('/sign-up', async (c) => {
    const waiting = waitingOf(c)
    const typed = typedOf(await fieldsOf(c))
    const locale = localeOf(c.req.header('accept-language'))
    const account = { ...typed, locale, setup: waiting.setup }
    const done = await attempt(() => signUp(deps, account, deps.addressOf(c)))
    if (done.ok) return goOn(c, deps, await startSession(c, deps, done.value), waiting)
    const refusal = await refusalPage(deps, waiting)
    if (refusal) return send(c, refusal, { status: 403 })
    const { fault } = done
    return send(c, signUpPage({ isNew: await isNew(), typed, waiting, fault }), formActionOf(fault))
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
  const page = signInPage({ offersSignUp: await offersSignUp(deps), typed: {}, waiting: {}, unsent })
  return send(c, page, { status: 401 })
}

/** The form that waited for its sender to sign in. They look at it once more: somebody else may have signed in. */
const showUnsent = (c: Ctx, signedIn: SignedIn, unsent: Unsent): Promise<Response> => {
  const language = languageOf(signedIn.person.locale)
  const words = wordsOf(TYPED, language)
  const body = html`<div class="narrow"><h1>${words.word('signed_in')}</h1>
    <p class="lead">${words.word('signed_in_next')}</p>${unsentForm(unsent, language, true)}</div>`
  return send(c, { title: words.word('signed_in'), body, signedIn, board: { language } })
}

const signInRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/sign-in', async (c) => {
    const waiting = waitingOf(c)
    const signedIn = await findSignedIn(c, deps)
    if (signedIn) return goOn(c, deps, signedIn.session, waiting)
    return send(c, signInPage({ offersSignUp: await offersSignUp(deps), typed: {}, waiting }))
  })
  routes.post('/sign-in', async (c) => {
    const waiting = waitingOf(c)
    const form = await fieldsOf(c, SIGN_IN_BYTES)
    const [typed, unsent] = [typedOf(form), carriedIn(form)]
    const from = { address: deps.addressOf(c), device: deviceOf(c, deps) }
    const done = await attempt(() => signIn(deps, typed, from))
    if (done.ok) {
      const [person, session] = [done.value, await startSession(c, deps, done.value)]
      const [membership] = person.memberships
      return unsent ? showUnsent(c, { person, session, membership }, unsent) : goOn(c, deps, session, waiting)
    }
    const { fault } = done
    const page = signInPage({ offersSignUp: await offersSignUp(deps), typed, waiting, fault, unsent })
    return send(c, page, formActionOf(fault))
  })
  routes.get('/sign-out', async (c) =>
    send(c, {
      title: 'Sign out',
      body: html`<form class="card" method="post"><h1>Sign out?</h1><button class="wide">Sign out</button></form>`,
    }),
  )
  routes.post('/sign-out', async (c) => {
    await endSession(c, deps)
    const waiting = waitingOf(c)
    return c.redirect(
      waiting.invitation ? `/invitations/${waiting.invitation}` : withWaiting('/sign-in', waiting),
      303,
    )
  })
}

/** The invitation of a link and the name of its workspace, or the fault to show. */
const findInvitation = (deps: Deps, token: string) =>
  attempt(async () => {
    const invitation = await openInvitation(deps, unmarked(deps.secrets.invitation, token) ?? '')
    const workspace = (await deps.store.workspaces.find(invitation.ws))?.name ?? ''
    return { invitation, workspace, token }
  })

const goneInvitation = (c: Ctx, fault: Fault): Promise<Response> =>
  send(c, messagePage('This invitation is no longer valid', fault.sentence), { status: 404 })

const invitationRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/invitations/:token', async (c) => {
    const found = await findInvitation(deps, c.req.param('token'))
    if (!found.ok) return goneInvitation(c, found.fault)
    return send(c, invitationPage(deps, { ...found.value, signedIn: await findSignedIn(c, deps), typed: {} }))
  })
  routes.post('/invitations/:token', async (c) => {
    const found = await findInvitation(deps, c.req.param('token'))
    if (!found.ok) return goneInvitation(c, found.fault)
    const { invitation } = found.value
    const signedIn = await findSignedIn(c, deps)
    const typed = typedOf(await fieldsOf(c))
    const locale = localeOf(c.req.header('accept-language'))
    const done = await attempt(() =>
      signedIn
        ? joinByInvitation(deps, signedIn.person, invitation._id)
        : signUpInvited(deps, invitation, { ...typed, locale }),
    )
    if (!done.ok) {
      const { fault } = done
      return send(c, invitationPage(deps, { ...found.value, signedIn, typed, fault }), formActionOf(fault))
    }
    const session = signedIn?.session ?? (await startSession(c, deps, done.value))
    await deps.store.sessions.show(session._id, invitation.ws)
    return c.redirect('/', 303)
  })
}

/** Sign-up, sign-in, sign-out and invitations. */
export const accountRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  signUpRoutes(routes, deps)
  signInRoutes(routes, deps)
  invitationRoutes(routes, deps)
}
