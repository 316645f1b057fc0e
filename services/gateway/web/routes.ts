// All pages for people, and the front page.
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { Language } from '../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../shared/contracts/define/wording.ts'
import { findSignedIn } from '../accounts/sessions.ts'
import { type SignUpState, signUpState } from '../accounts/setup.ts'
import type { Deps } from '../deps.ts'
import type { GatewayEnv } from '../http/env.ts'
import { resourceOf } from '../oauth/grant-rules.ts'
import { ownAccountRoutes } from './account/account-page.ts'
import { appRoutes } from './account/apps-page.ts'
import { confirmRoutes } from './account/confirm-page.ts'
import { deletionRoutes } from './account/delete-page.ts'
import { detailRoutes } from './account/details-page.ts'
import { invitationRoutes } from './account/invitation-page.ts'
import { mailPreferenceRoutes } from './account/mail-preferences-page.ts'
import { oidcMailedRoutes } from './account/oidc-mailed-page.ts'
import { oidcRoutes } from './account/oidc-page.ts'
import { passkeySignInRoutes } from './account/passkey-sign-in-page.ts'
import { passwordRoutes } from './account/passwords-page.ts'
import { reAuthenticateRoutes } from './account/re-authenticate.ts'
import { secondFactorRoutes } from './account/second-factor-page.ts'
import { secondStepRoutes } from './account/second-step-page.ts'
import { sessionRoutes } from './account/sessions-page.ts'
import { accountRoutes } from './account/sign-in-page.ts'
import { tokenRoutes } from './account/tokens-page.ts'
import { unsubscribeRoutes } from './account/unsubscribe-page.ts'
import { assetRoutes } from './assets.ts'
import { boardRoute } from './board/board.ts'
import type { Live } from './board/live.ts'
import { showQueue } from './board/queue-page.ts'
import { boardRoutes } from './board/routes.ts'
import { consentRoutes } from './consent/consent-page.ts'
import { faultPage } from './fault-page.ts'
import { workspaceExportRoutes } from './import/workspace-export.ts'
import { type Html, languageFor, type Page, send } from './layout.ts'
import { FRONT } from './messages/front.ts'
import { accessRoutes } from './workspace/access-page.ts'
import { auditRoutes } from './workspace/audit-page.ts'
import { workspaceDeletionRoutes } from './workspace/deletion-page.ts'
import { memberRoutes } from './workspace/member-page.ts'
import { panelRoutes } from './workspace/panel-page.ts'
import { factorPolicyRoutes } from './workspace/second-factor-policy-page.ts'
import { serviceAccountRoutes } from './workspace/service-accounts-page.ts'
import { workspaceRoutes } from './workspace/workspace-page.ts'

type FrontWords = Words<(typeof FRONT)['en']>

const setUp = (state: SignUpState, words: FrontWords): Html =>
  html`<h2>${words.word('is_new')}</h2>${
    state === 'setup_link'
      ? html`
      <p>${words.word('setup_link')}</p>`
      : html`
      <p>${words.word('first_owns')}</p>
      <p><a class="button wide" href="/sign-up">${words.word('create_first')}</a></p>`
  }`

const signingIn = (state: SignUpState, words: FrontWords): Html => {
  const link = html`<a href="/sign-up">${words.word('create')}</a>`
  return html`<h2>${words.word('for_people')}</h2>
      <p><a class="button wide" href="/sign-in">${words.word('sign_in')}</a></p>
      ${state === 'open' ? html`<p>${words.pieces('new_here', { link })}</p>` : ''}`
}

const frontPage = (
  language: Language,
  shown: Readonly<{ isNew: boolean; state: SignUpState; mcpUrl: string }>,
): Page => {
  const words = wordsOf(FRONT, language)
  return {
    title: words.word('title'),
    language,
    body: html`<h1>${words.word('title')}</h1>
    <p class="lead">${words.word('lead')}</p>
    <div class="card">
      ${shown.isNew ? setUp(shown.state, words) : signingIn(shown.state, words)}
      <h2>${words.word('for_agents')}</h2>
      <p>${words.word('give_address')}</p>
      <code class="code">${shown.mcpUrl}</code>
    </div>`,
  }
}

/** The pages. */ /** The pages. */
export const pageRoutes = (deps: Deps, live: Live): Hono<GatewayEnv> => {
  const routes = new Hono<GatewayEnv>()
  const board = { deps, live }
  assetRoutes(routes)
  unsubscribeRoutes(routes, deps)
  const queue = boardRoute(board, showQueue)
  routes.get('/', async (c) => {
    if (await findSignedIn(c, deps)) return queue(c)
    const isNew = await deps.store.people.isEmpty()
    const state = await signUpState(deps)
    return send(c, frontPage(languageFor(c), { isNew, state, mcpUrl: resourceOf(deps.public_url) }))
  })
  boardRoutes(routes, board)
  accountRoutes(routes, deps)
  secondStepRoutes(routes, deps)
  passkeySignInRoutes(routes, deps)
  secondFactorRoutes(routes, deps)
  reAuthenticateRoutes(routes, deps)
  invitationRoutes(routes, deps)
  oidcRoutes(routes, deps)
  oidcMailedRoutes(routes, deps)
  confirmRoutes(routes, deps)
  consentRoutes(routes, deps)
  workspaceRoutes(routes, deps)
  mailPreferenceRoutes(routes, deps)
  memberRoutes(routes, deps)
  factorPolicyRoutes(routes, deps)
  workspaceDeletionRoutes(routes, deps)
  workspaceExportRoutes(routes, deps)
  serviceAccountRoutes(routes, deps)
  accessRoutes(routes, deps)
  auditRoutes(routes, deps)
  panelRoutes(routes, deps)
  appRoutes(routes, deps)
  ownAccountRoutes(routes, deps)
  detailRoutes(routes, deps)
  deletionRoutes(routes, deps)
  sessionRoutes(routes, deps)
  tokenRoutes(routes, deps)
  passwordRoutes(routes, deps)
  routes.onError(faultPage({ log: deps.log, whoLooks: (c) => findSignedIn(c, deps) }))
  return routes
}
