// The page of a person's connected apps, in all their workspaces.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { ALL_SCOPES, SCOPES } from '../../../../shared/contracts/define/common.ts'
import { notFound } from '../../../../shared/contracts/define/errors.ts'
import { FURTHER_SCOPES, scopesOfRole } from '../../../../shared/contracts/define/scopes.ts'
import { isOfPassword, membershipUnder } from '../../accounts/person-rules.ts'
import type { SignedIn } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { isLoopback } from '../../http/host.ts'
import { resourceOf } from '../../oauth/grant-rules.ts'
import type { Grant } from '../../oauth/model.ts'
import { signedInOnly } from '../flow.ts'
import { CHECK, type Ctx, day, type Html, minute, type Page, send } from '../layout.ts'
import { fieldsOf } from '../posted-forms.ts'

const SHOWN_APPS = 200

type Shown = Readonly<{
  signedIn: SignedIn
  grants: readonly Grant[]
  names: ReadonlyMap<string, string>
  mcpUrl: string
}>

/** Where an app gets its answers, in words. */
const whereabouts = (uri: string): string => {
  const { protocol, host } = new URL(uri)
  if (isLoopback(uri)) return 'a program on a computer'
  return protocol === 'https:' ? host : `${protocol}//${host}`
}

/**
 * Allows the app further scopes, or takes them back. Many apps cannot ask for more once they are connected. It takes effect
 * with the app's next token.
 */
const furtherForms = ({ signedIn }: Shown, { _id, client_name, scopes, ...grant }: Grant): Html[] => {
  const role = membershipUnder(grant, signedIn.person)?.role
  const offered = FURTHER_SCOPES.filter((scope) => role && scopesOfRole(role).includes(scope))
  return offered.map((scope) => {
    const held = scopes.includes(scope)
    const label = `${held ? 'Take back' : 'Also allow'}: ${SCOPES[scope]}`
    return html`<form method="post" action="/apps/${_id}/scopes">
        <input type="hidden" name="${held ? 'take' : 'give'}" value="${scope}">
        <button class="plain" aria-label="${label}, for ${client_name}">${label}</button>
      </form>`
  })
}

const app = (shown: Shown, grant: Grant): Html => {
  const { signedIn, names } = shown
  const { _id, client_name, ws, scopes, redirect_uri, created_at, last_used_at } = grant
  const workspace = names.get(ws) ?? membershipUnder(grant, signedIn.person)?.workspace_name ?? ''
  return html`<li class="card app">
      <div><h2>${client_name}</h2>
        <p class="small">${whereabouts(redirect_uri)}, in ${workspace}, connected on ${day(created_at)},
          ${last_used_at ? html`last used ${minute(last_used_at)}` : 'not used yet'}</p>
        <ul class="rights">${scopes.map((scope) => html`<li>${CHECK}<span>${SCOPES[scope]}</span></li>`)}</ul>
        ${furtherForms(shown, grant)}
      </div>
      <form method="post" action="/apps/${_id}/disconnect">
        <button class="second" aria-label="Disconnect ${client_name}, in ${workspace}">Disconnect</button>
      </form></li>`
}

const none = ({ mcpUrl }: Shown): Html => html`<div class="card">
      <p>No app is connected. To connect one, give this address to any MCP client:</p>
      <code class="code">${mcpUrl}</code>
    </div>`

const appsPage = (shown: Shown): Page => {
  const { signedIn, grants } = shown
  return {
    title: 'Connected apps',
    signedIn,
    wide: true,
    body: html`<h1>Connected apps</h1>
    <p class="lead">These apps work in Loops in your name. They chose the names that are shown here. An app that you disconnect loses access within seconds, and can ask you again.</p>
    ${
      grants.length === 0
        ? none(shown)
        : html`<ul class="apps">${grants.map((grant) => app(shown, grant))}</ul>`
    }
    ${grants.length === SHOWN_APPS ? html`<p class="small">The newest ${SHOWN_APPS} are shown.</p>` : ''}`,
  }
}

const show = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const { store, clock, public_url } = deps
  const { person } = signedIn
  const allowed = await store.grants.inForce(person._id, clock.now(), SHOWN_APPS)
  const grants = allowed.filter((grant) => isOfPassword(grant, person) && membershipUnder(grant, person))
  const workspaces = await store.workspaces.findAll([...new Set(grants.map(({ ws }) => ws))])
  const names = new Map(workspaces.map(({ _id, name }) => [_id, name]))
  return send(c, appsPage({ signedIn, grants, names, mcpUrl: resourceOf(public_url) }))
}

/** The connection that the path names. @throws AppError `not_found` when it is somebody else's. */
const ownGrant = async (c: Ctx, deps: Deps, { person }: SignedIn): Promise<Grant> => {
  const id = c.req.param('id') ?? ''
  const grant = await deps.store.grants.find(id)
  if (grant?.user_id !== person._id) throw notFound('connection', id)
  return grant
}

const disconnect = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const { _id } = await ownGrant(c, deps, signedIn)
  await deps.store.grants.revoke(_id, 'revoked_by_person', deps.clock.now())
  return c.redirect('/apps', 303)
}

const changeScopes = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const grant = await ownGrant(c, deps, signedIn)
  const form = await fieldsOf(c)
  const [give, take] = [form.get('give'), form.get('take')]
  const role = membershipUnder(grant, signedIn.person)?.role
  const offered = FURTHER_SCOPES.filter((scope) => role && scopesOfRole(role).includes(scope))
  const scopes = ALL_SCOPES.filter(
    (scope) =>
      (grant.scopes.includes(scope) && scope !== take) || (offered.includes(scope) && scope === give),
  )
  await deps.store.grants.setScopes(grant._id, scopes)
  return c.redirect('/apps', 303)
}

/** The page of connected apps and its forms. */
export const appRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/apps', signedInOnly(deps, show))
  routes.post('/apps/:id/disconnect', signedInOnly(deps, disconnect))
  routes.post('/apps/:id/scopes', signedInOnly(deps, changeScopes))
}
