// The page on which people accept an invitation, with their account or a new one.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { roleWord } from '../../../../shared/contracts/define/access-words.ts'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { joinByInvitation, openInvitation, signUpInvited } from '../../accounts/accounts.ts'
import { localeOf, type Person } from '../../accounts/person-rules.ts'
import { findSignedIn, type SignedIn } from '../../accounts/sessions.ts'
import type { Invitation } from '../../accounts/workspace-rules.ts'
import { audited, byOf } from '../../audit/audit.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { unmarked } from '../../secrets.ts'
import { withWaiting } from '../flow.ts'
import { type Ctx, type Html, languageFor, messagePage, type Page, send } from '../layout.ts'
import { SIGN_IN } from '../messages/sign-in.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, saidIn } from '../posted-forms.ts'
import { finishSignIn } from './finish-sign-in.ts'
import { newPassword } from './passwords-page.ts'
import { providerButtons, type ShownProvider, shownProviders } from './provider-buttons.ts'
import { haveAccount, nameInput, type Typed, typedOf } from './sign-in-page.ts'

type ShownInvitation = Readonly<{
  invitation: Invitation
  workspace: string
  /** Where this installation is. */
  host: string
  token: string
  signedIn?: SignedIn | undefined
  providers: readonly ShownProvider[]
  passwords: boolean
  typed: Typed
  fault?: Fault | undefined
}>

/** Joining with the account that the browser is signed in to, or signing in with another one. */
const joinForms = (language: Language, signedIn: SignedIn, shown: ShownInvitation): Html => {
  const { invitation, token, fault } = shown
  const { email, invited_by } = invitation
  const { person } = signedIn
  const words = wordsOf(SIGN_IN, language)
  const places = { name: html`<strong>${person.name}</strong>`, email: html`${words.isolate(person.email)}` }
  return html`<form class="card" method="post">
        ${faultNote(fault, language)}
        <p>${words.pieces('signed_in_as', places)}</p>
        ${
          person.email === email
            ? html`<button class="wide">${words.word('join_button')}</button>`
            : html`<p class="note warn">${words.say('for_another', { email, inviter: invited_by.name })}</p>`
        }
      </form>
      <form class="under" method="post" action="${withWaiting('/sign-out', { invitation: token })}">
        <button class="plain">${words.word('use_another')}</button>
      </form>`
}

/** Making an account for the address that was invited. */
const joinAnew = (language: Language, shown: ShownInvitation): Html => {
  const { invitation, token, typed, fault, providers, passwords } = shown
  const words = wordsOf(SIGN_IN, language)
  const buttons = providerButtons(providers, language, { invitation: token })
  if (!passwords) return html`${faultNote(fault, language)}${buttons}`
  return html`${buttons}<form class="card" method="post">
      ${faultNote(fault, language)}
      ${nameInput(words, typed, fault)}
      <div class="field"><span class="label">${words.word('email')}</span>${invitation.email}</div>
      ${newPassword(language, fault)}
      <button class="wide">${words.word('create_and_join')}</button>
    </form>
    <p class="under">${haveAccount(words, { invitation: token }, 'sign_in_to_join')}</p>`
}

const invitationPage = (language: Language, shown: ShownInvitation): Page => {
  const { invitation, workspace, host, signedIn } = shown
  const { invited_by, email, role } = invitation
  const words = wordsOf(SIGN_IN, language)
  const title = words.say('join', { workspace })
  const invited = { inviter: invited_by.name, email, host, role: roleWord(role, language) }
  return {
    title,
    language,
    signedIn,
    body: html`<h1>${title}</h1>
    <p class="lead">${words.say('invited', invited)}</p>
    ${signedIn ? joinForms(language, signedIn, shown) : joinAnew(language, shown)}`,
  }
}

/** The invitation of a link and the name of its workspace, or the fault to show. */
const findInvitation = (deps: Deps, token: string) =>
  attempt(async () => {
    const invitation = await openInvitation(deps, unmarked(deps.secrets.invitation, token) ?? '')
    const workspace = (await deps.store.workspaces.find(invitation.ws))?.name ?? ''
    const ways = { providers: await shownProviders(deps), passwords: deps.passwords_for === 'on' }
    return { invitation, workspace, host: new URL(deps.public_url).host, token, ...ways }
  })

const goneInvitation = async (c: Ctx, deps: Deps, fault: Fault): Promise<Response> => {
  const language = languageFor(c, await findSignedIn(c, deps))
  const title = wordsOf(SIGN_IN, language).word('invitation_over')
  return send(c, messagePage(language, title, saidIn(fault.error, language).text), { status: 404 })
}

/** The page of an invitation. */
export const invitationRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/invitations/:token', async (c) => {
    const found = await findInvitation(deps, c.req.param('token'))
    if (!found.ok) return goneInvitation(c, deps, found.fault)
    const signedIn = await findSignedIn(c, deps)
    return send(c, invitationPage(languageFor(c, signedIn), { ...found.value, signedIn, typed: {} }))
  })
  routes.post('/invitations/:token', async (c) => {
    const found = await findInvitation(deps, c.req.param('token'))
    if (!found.ok) return goneInvitation(c, deps, found.fault)
    const { invitation } = found.value
    const signedIn = await findSignedIn(c, deps)
    const typed = typedOf(await fieldsOf(c))
    const locale = localeOf(c.req.header('accept-language'))
    const entry = {
      action: 'invitation.accepted' as const,
      ws: [invitation.ws],
      by: signedIn ? byOf(signedIn) : { user_id: null, name: '', via: 'web' },
      address: deps.addressOf(c),
      target: { invitation_id: invitation._id, role: invitation.role },
    }
    const join = () =>
      signedIn
        ? joinByInvitation(deps, signedIn.person, invitation._id)
        : signUpInvited(deps, invitation, { ...typed, locale })
    const joined = ({ _id, name }: Person) => ({ user_id: _id, name })
    const newMember = (person: Person) => byOf({ person })
    const done = await attempt(() => audited(deps, entry, join, joined, newMember))
    if (!done.ok) {
      const { fault } = done
      const page = invitationPage(languageFor(c, signedIn), { ...found.value, signedIn, typed, fault })
      return send(c, page, formActionOf(fault))
    }
    const then = async ({ session }: Pick<SignedIn, 'session'>): Promise<Response> => {
      await deps.store.sessions.show(session._id, invitation.ws)
      return c.redirect('/', 303)
    }
    return signedIn ? then(signedIn) : finishSignIn(c, deps, done.value, 'password', { then, fresh: true })
  })
}
