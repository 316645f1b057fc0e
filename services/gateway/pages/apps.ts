// The page on which a person sees the apps that work for them, in every workspace, and disconnects them.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { SCOPES } from '../../../shared/contracts/common.ts'
import { notFound } from '../../../shared/errors.ts'
import type { Deps } from '../deps.ts'
import type { GatewayEnv } from '../http/env.ts'
import type { Grant } from '../oauth/model.ts'
import { isLoopback, resourceOf } from '../oauth/rules.ts'
import { isOfPassword, membershipUnder } from '../people/person.ts'
import type { Visitor } from '../people/sessions.ts'
import { signedIn } from './flow.ts'
import { CHECK, type Ctx, day, type Html, minute, type Page, send } from './layout.ts'

const SHOWN_APPS = 200

type Shown = Readonly<{
  visitor: Visitor
  grants: readonly Grant[]
  names: ReadonlyMap<string, string>
  mcpUrl: string
}>

/** Where an app gets its answers: what of its address tells people something. */
const place = (uri: string): string => {
  const { protocol, host } = new URL(uri)
  if (isLoopback(uri)) return 'a program on a computer'
  return protocol === 'https:' ? host : `${protocol}//${host}`
}

const app = ({ visitor, names }: Shown, grant: Grant): Html => {
  const { _id, client_name, ws, scopes, redirect_uri, created_at, last_used_at } = grant
  const workspace = names.get(ws) ?? membershipUnder(grant, visitor.person)?.workspace_name ?? ''
  return html`<li class="card app">
      <div><h2>${client_name}</h2>
        <p class="small">${place(redirect_uri)}, in ${workspace}, connected on ${day(created_at)},
          ${last_used_at ? html`last used ${minute(last_used_at)}` : 'not used yet'}</p>
        <ul class="rights">${scopes.map((scope) => html`<li>${CHECK}<span>${SCOPES[scope]}</span></li>`)}</ul>
      </div>
      <form method="post" action="/apps/${_id}/disconnect">
        <button class="second" aria-label="Disconnect ${client_name}, in ${workspace}">Disconnect</button>
      </form></li>`
}

const none = ({ mcpUrl }: Shown): Html => html`<div class="card">
      <p>No app works for you now. Give this address to any MCP client to connect one:</p>
      <code class="code">${mcpUrl}</code>
    </div>`

const appsPage = (shown: Shown): Page => {
  const { visitor, grants } = shown
  return {
    title: 'Connected apps',
    visitor,
    wide: true,
    body: html`<h1>Connected apps</h1>
    <p class="lead">They work in Loops in your name, with the names that they gave themselves. Disconnecting one ends its access within seconds; it can ask you again.</p>
    ${
      grants.length === 0
        ? none(shown)
        : html`<ul class="apps">${grants.map((grant) => app(shown, grant))}</ul>`
    }
    ${grants.length === SHOWN_APPS ? html`<p class="small">The newest ${SHOWN_APPS} are shown.</p>` : ''}`,
  }
}

const show = async (c: Ctx, deps: Deps, visitor: Visitor): Promise<Response> => {
  const { store, clock, public_url } = deps
  const { person } = visitor
  const allowed = await store.grants.inForce(person._id, clock.now(), SHOWN_APPS)
  const grants = allowed.filter((grant) => isOfPassword(grant, person) && membershipUnder(grant, person))
  const workspaces = await store.workspaces.findAll([...new Set(grants.map(({ ws }) => ws))])
  const names = new Map(workspaces.map(({ _id, name }) => [_id, name]))
  return send(c, appsPage({ visitor, grants, names, mcpUrl: resourceOf(public_url) }))
}

const disconnect = async (c: Ctx, deps: Deps, { person }: Visitor): Promise<Response> => {
  const id = c.req.param('id') ?? ''
  const grant = await deps.store.grants.find(id)
  if (grant?.user_id !== person._id) throw notFound('connection', id)
  await deps.store.grants.revoke(id, 'revoked_by_person', deps.clock.now())
  return c.redirect('/apps', 303)
}

/** The page of connected apps and its forms [X5]. */
export const appRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/apps', signedIn(deps, show))
  routes.post('/apps/:id/disconnect', signedIn(deps, disconnect))
}
