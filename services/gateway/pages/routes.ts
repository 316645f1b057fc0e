// The pages for people: which exist.
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { Deps } from '../deps.ts'
import type { GatewayEnv } from '../http/env.ts'
import { resourceOf } from '../oauth/rules.ts'
import { findVisitor } from '../people/sessions.ts'
import { type SignUpState, signUpState } from '../people/setup.ts'
import { ownAccountRoutes } from './account.ts'
import { accountRoutes } from './accounts.ts'
import { appRoutes } from './apps.ts'
import { confirmRoutes } from './confirm.ts'
import { consentRoutes } from './consent.ts'
import { faultPage } from './fault.ts'
import { type Ctx, type Html, type Page, send } from './layout.ts'
import { loopRoutes } from './loop.ts'
import { mailWishRoutes } from './mail-wishes.ts'
import { memberRoutes } from './members.ts'
import { panelRoutes } from './panel.ts'
import { passwordRoutes } from './passwords.ts'
import { ICON, STYLE } from './style.ts'
import { unsubscribeRoutes } from './unsubscribe.ts'
import { workspaceRoutes } from './workspace.ts'

const setUp = (state: SignUpState): Html =>
  state === 'setup_link'
    ? html`<h2>This installation is new</h2>
      <p>Whoever runs it finds a setup link in the log of its gateway, and makes the first account by it.</p>`
    : html`<h2>This installation is new</h2>
      <p>The first account owns its first workspace.</p>
      <p><a class="button wide" href="/sign-up">Make the first account</a></p>`

const frontPage = (shown: Readonly<{ isNew: boolean; state: SignUpState; mcpUrl: string }>): Page => ({
  title: 'One queue of work for people and agents',
  body: html`<h1>One queue of work for people and agents</h1>
    <p class="lead">File tasks, approve them, group them into loops and put the loops in order. Agents take the next work over MCP, and everybody hears when a loop ships.</p>
    <div class="card">
      ${
        shown.isNew
          ? setUp(shown.state)
          : html`<h2>For people</h2>
      <p><a class="button wide" href="/sign-in">Sign in</a></p>
      ${shown.state === 'open' ? html`<p>New here? <a href="/sign-up">Make an account</a></p>` : ''}`
      }
      <h2>For agents</h2>
      <p>Give this address to any MCP client; it will bring you back here to sign in.</p>
      <code class="code">${shown.mcpUrl}</code>
    </div>`,
})

/** The pages. */
export const pageRoutes = (deps: Deps): Hono<GatewayEnv> => {
  const routes = new Hono<GatewayEnv>()
  const asset = (type: string, body: string) => (c: Ctx) =>
    c.body(body, 200, { 'Content-Type': type, 'Cache-Control': 'public, max-age=31536000, immutable' })
  routes.get('/assets/style.css', asset('text/css; charset=utf-8', STYLE))
  routes.get('/assets/icon.svg', asset('image/svg+xml', ICON))
  unsubscribeRoutes(routes, deps)
  routes.get('/', async (c) => {
    if (await findVisitor(c, deps)) return c.redirect('/workspace', 303)
    const isNew = await deps.store.people.isEmpty()
    const state = await signUpState(deps)
    return send(c, frontPage({ isNew, state, mcpUrl: resourceOf(deps.public_url) }))
  })
  accountRoutes(routes, deps)
  confirmRoutes(routes, deps)
  consentRoutes(routes, deps)
  workspaceRoutes(routes, deps)
  mailWishRoutes(routes, deps)
  memberRoutes(routes, deps)
  panelRoutes(routes, deps)
  loopRoutes(routes, deps)
  appRoutes(routes, deps)
  ownAccountRoutes(routes, deps)
  passwordRoutes(routes, deps)
  routes.onError(faultPage(deps.log))
  return routes
}
