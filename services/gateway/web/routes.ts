// All pages for people, and the front page.
import { Hono } from 'hono'
import { html } from 'hono/html'
import { findSignedIn } from '../accounts/sessions.ts'
import { type SignUpState, signUpState } from '../accounts/setup.ts'
import type { Deps } from '../deps.ts'
import type { GatewayEnv } from '../http/env.ts'
import { resourceOf } from '../oauth/grant-rules.ts'
import { ownAccountRoutes } from './account/account-page.ts'
import { appRoutes } from './account/apps-page.ts'
import { confirmRoutes } from './account/confirm-page.ts'
import { mailPreferenceRoutes } from './account/mail-preferences-page.ts'
import { passwordRoutes } from './account/passwords-page.ts'
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
import { type Html, type Page, send } from './layout.ts'
import { memberRoutes } from './workspace/member-page.ts'
import { panelRoutes } from './workspace/panel-page.ts'
import { serviceAccountRoutes } from './workspace/service-accounts-page.ts'
import { workspaceRoutes } from './workspace/workspace-page.ts'

const setUp = (state: SignUpState): Html =>
  state === 'setup_link'
    ? html`<h2>This installation is new</h2>
      <p>Whoever runs it finds a setup link in the gateway’s log, and creates the first account with it.</p>`
    : html`<h2>This installation is new</h2>
      <p>The first account owns the first workspace.</p>
      <p><a class="button wide" href="/sign-up">Create the first account</a></p>`

const frontPage = (shown: Readonly<{ isNew: boolean; state: SignUpState; mcpUrl: string }>): Page => ({
  title: 'One queue of work for people and agents',
  body: html`<h1>One queue of work for people and agents</h1>
    <p class="lead">File tasks, approve them, group them into loops and put the loops in order. Agents take the next work over MCP, and everyone gets an email when a loop ships.</p>
    <div class="card">
      ${
        shown.isNew
          ? setUp(shown.state)
          : html`<h2>For people</h2>
      <p><a class="button wide" href="/sign-in">Sign in</a></p>
      ${shown.state === 'open' ? html`<p>New here? <a href="/sign-up">Create an account</a></p>` : ''}`
      }
      <h2>For agents</h2>
      <p>Give this address to any MCP client; it will bring you back here to sign in.</p>
      <code class="code">${shown.mcpUrl}</code>
    </div>`,
})

/** The pages. */
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
    return send(c, frontPage({ isNew, state, mcpUrl: resourceOf(deps.public_url) }))
  })
  boardRoutes(routes, board)
  accountRoutes(routes, deps)
  confirmRoutes(routes, deps)
  consentRoutes(routes, deps)
  workspaceRoutes(routes, deps)
  mailPreferenceRoutes(routes, deps)
  memberRoutes(routes, deps)
  serviceAccountRoutes(routes, deps)
  panelRoutes(routes, deps)
  appRoutes(routes, deps)
  ownAccountRoutes(routes, deps)
  tokenRoutes(routes, deps)
  passwordRoutes(routes, deps)
  routes.onError(faultPage({ log: deps.log, whoLooks: (c) => findSignedIn(c, deps) }))
  return routes
}
