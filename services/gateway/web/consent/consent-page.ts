// The page on which a person decides whether an app may work for them. What the app says about itself is shown as its own
// claim.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { SCOPES, type Scope } from '../../../../shared/contracts/define/common.ts'
import { effectiveScopes, FURTHER_SCOPES } from '../../../../shared/contracts/define/scopes.ts'
import { type Membership, membershipIn, membershipUnder, type Person } from '../../accounts/person-rules.ts'
import { findSignedIn } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { isLoopback } from '../../http/host.ts'
import { consentedScopes, decide, findRequest } from '../../oauth/authorize.ts'
import { isDocumentId } from '../../oauth/document-rules.ts'
import type { AuthorizationRequest } from '../../oauth/model.ts'
import { appOfScheme } from '../../oauth/redirect-rules.ts'
import { goOn, waitingOf, withWaiting } from '../flow.ts'
import { CHECK, type Ctx, type Html, type Page, send } from '../layout.ts'
import { fieldsOf } from '../posted-forms.ts'

/** Connections that are searched for that of the app that asks. */
const LOOKED_AT = 200

type Shown = Readonly<{
  request: AuthorizationRequest
  requestId: string
  person: Person
  names: ReadonlyMap<string, string>
  fault?: string
  /** The workspace in which the same app works for the person already. */
  present?: string | undefined
  /** A connection that is not used for this long ends. */
  refresh_ms: number
}>

const lostPage: Page = {
  title: 'Start again from the app',
  body: html`<div class="card">
      <h1>Start again from the app</h1>
      <p>This request has expired or has been answered. If the app is not connected, go back to it and connect again; nothing is lost.</p>
    </div>`,
}

/** Where the answer goes, with a warning where the address does not prove who is there. */
const destination = (uri: string): Html => {
  const { protocol, host } = new URL(uri)
  if (isLoopback(uri))
    return html`<p class="note warn">The answer goes to <strong>${host}</strong>: a program on this computer. Allow it only if you have just started connecting one yourself.</p>`
  if (protocol !== 'https:') {
    const app = appOfScheme(protocol.slice(0, -1))
    return html`<p class="note warn">The answer goes to ${
      app === undefined ? 'the app' : html`<strong>${app}</strong>, or to any other app`
    } that opens <strong>${protocol}</strong> links on this computer. Allow it only if you have just started connecting one yourself.</p>`
  }
  return html`<p>The answer goes to <strong>${host}</strong>.</p>`
}

/** The choice of workspace. Preselected is the one in which the app works already: it may only be asking for more there. */
const workspaceChoice = ({ person, names, present }: Shown): Html => {
  const nameOf = ({ workspace_id, workspace_name }: Membership) => names.get(workspace_id) ?? workspace_name
  const [only, another] = person.memberships
  if (only && !another) return html`<dt>Workspace</dt><dd>${nameOf(only)}</dd>`
  return html`<dt><label for="workspace_id">Workspace</label></dt>
      <dd><select id="workspace_id" name="workspace_id">
        ${person.memberships.map(
          (membership) =>
            html`<option value="${membership.workspace_id}" ${membership.workspace_id === present ? 'selected' : ''}>${nameOf(membership)} (${membership.role})</option>`,
        )}
      </select></dd>`
}

/** The scopes to decide about. With several workspaces, the role in the chosen one may allow fewer. */
const scopesAsked = ({ request, person }: Shown): readonly Scope[] => {
  const [only, another] = person.memberships
  return only && !another ? effectiveScopes(request.scopes, only.role) : request.scopes
}

const rights = (shown: Shown): Html | '' => {
  const scopes = scopesAsked(shown).filter((scope) => !FURTHER_SCOPES.includes(scope))
  if (scopes.length === 0) return ''
  return html`<h2>It will be able to</h2>
      <ul class="rights">${scopes.map((scope) => html`<li>${CHECK}<span>${SCOPES[scope]}</span></li>`)}</ul>
      ${
        scopes.length > 1
          ? html`<details><summary>Allow less</summary>
        <fieldset><legend>Tick what it may not do:</legend>
        ${scopes.map(
          (scope) => html`<label class="check"><input type="checkbox" name="without" value="${scope}">
          <span>${SCOPES[scope]}</span></label>`,
        )}</fieldset>
      </details>`
          : ''
      }`
}

/** A checkbox for each further scope that the app asked for by name. What is not ticked is not allowed. */
const furtherRights = (shown: Shown): Html | '' => {
  const scopes = scopesAsked(shown).filter((scope) => FURTHER_SCOPES.includes(scope))
  if (scopes.length === 0) return ''
  return html`<fieldset><legend>It also asks to be allowed to:</legend>
        ${scopes.map(
          (scope) => html`<label class="check"><input type="checkbox" name="further" value="${scope}" checked>
          <span>${SCOPES[scope]}</span></label>`,
        )}</fieldset>`
}

const days = (ms: number): string => {
  const count = Math.round(ms / (24 * 60 * 60_000))
  return count === 1 ? 'a day' : `${count} days`
}

const consentPage = (shown: Shown): Page => {
  const { request, requestId, person, fault } = shown
  const title = `Let “${request.client_name}” work for you?`
  return {
    title,
    body: html`<h1>${title}</h1>
    <p class="lead">That is the name the app gave itself; Loops cannot check it. ${
      isDocumentId(request.client_id)
        ? html`It describes itself at <strong>${new URL(request.client_id).host}</strong>.`
        : ''
    }</p>
    <div class="card">
      ${fault ? html`<p class="note bad" role="alert">${fault}</p>` : ''}
      ${destination(request.redirect_uri)}
      <form id="switch" method="post" action="${withWaiting('/sign-out', { request: requestId })}"></form>
      <form method="post" action="${withWaiting('/consent', { request: requestId })}">
        <dl class="facts">
          <dt>Signed in as</dt>
          <dd>${person.name} (${person.email}) <button class="plain" form="switch">Use another account</button></dd>
          ${workspaceChoice(shown)}
        </dl>
        ${rights(shown)}
        ${furtherRights(shown)}
        <p class="small">It acts in your name. The connection ends after ${days(shown.refresh_ms)} without use, and after a year at the latest.</p>
        <div class="buttons">
          <button name="decision" value="allow">Allow</button>
          <button class="second" name="decision" value="deny">Deny</button>
        </div>
      </form>
    </div>`,
  }
}

/**
 * Where the form may lead, for the policy `form-action`: browsers apply it to the whole chain of redirects, so the app's site
 * may send the browser on to any `https:` address.
 */
export const formActionOf = (redirectUri: string): readonly string[] => {
  const { protocol, hostname, origin } = new URL(redirectUri)
  if (protocol !== 'https:' && protocol !== 'http:') return [protocol]
  // A source in a policy cannot be an IPv6 address (CSP Level 3 §2.3.1): browsers pass over it and drop the answer.
  return [hostname.startsWith('[') ? protocol : origin, 'https:']
}

/** The workspace of the app's newest connection: a client that asks for more means that one. */
const presentWorkspace = async (
  { store, clock }: Deps,
  { client_id }: AuthorizationRequest,
  person: Person,
): Promise<string | undefined> => {
  if (person.memberships.length < 2) return undefined
  const grants = await store.grants.inForce(person._id, clock.now(), LOOKED_AT)
  return grants.find((grant) => grant.client_id === client_id && membershipUnder(grant, person))?.ws
}

const show = async (
  c: Ctx,
  deps: Deps,
  request: AuthorizationRequest,
  shown: Readonly<{ requestId: string; person: Person; fault?: string }>,
): Promise<Response> => {
  const ids = shown.person.memberships.map(({ workspace_id }) => workspace_id)
  const workspaces = await deps.store.workspaces.findAll(ids)
  const names = new Map(workspaces.map(({ _id, name }) => [_id, name]))
  const present = await presentWorkspace(deps, request, shown.person)
  const page = consentPage({ request, names, present, refresh_ms: deps.oauth.refresh_ms, ...shown })
  return send(c, page, {
    form_action: formActionOf(request.redirect_uri),
    status: shown.fault === undefined ? 200 : 400,
  })
}

/** The workspace that the form names; the first where it names none. */
const chosen = (person: Person, form: URLSearchParams): Membership | undefined => {
  const id = form.get('workspace_id')
  return id ? membershipIn(person, id) : person.memberships[0]
}

/** The scopes that are not allowed: those ticked under “Allow less”, and further ones that are not ticked. */
const withheldIn = (form: URLSearchParams): string[] => {
  const further = form.getAll('further')
  return [...form.getAll('without'), ...FURTHER_SCOPES.filter((scope) => !further.includes(scope))]
}

const answer = async (c: Ctx, deps: Deps, requestId: string, form: URLSearchParams): Promise<Response> => {
  const signedIn = await findSignedIn(c, deps)
  if (!signedIn) return c.redirect(withWaiting('/sign-in', { request: requestId }), 303)
  const request = await findRequest(deps, requestId)
  if (!request) return send(c, lostPage, { status: 400 })
  const { person, session } = signedIn
  const again = (fault: string) => show(c, deps, request, { requestId, person, fault })
  const decision = form.get('decision')
  if (decision !== 'allow' && decision !== 'deny') return again('Choose Allow or Deny.')
  const membership = chosen(person, form)
  if (decision === 'allow' && !membership) return again('Choose a workspace that you are a member of.')
  const consent =
    decision === 'allow' && membership ? { person, membership, withheld: withheldIn(form) } : null
  if (consent && consentedScopes(request, consent).length === 0)
    return again('That would allow the app nothing. Allow more, or choose Deny.')
  const decided = await decide(deps, request, session._id, consent)
  if (decided === 'answered') return send(c, lostPage, { status: 400 })
  // Another session has taken the request meanwhile, for example after a new sign-in: the page is shown again.
  if (decided === 'not_yours') return goOn(c, deps, session, { request: requestId })
  return c.redirect(decided.url, 303)
}

/** The consent page. */
export const consentRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/consent', async (c) => {
    const { request: requestId } = waitingOf(c)
    if (requestId === undefined) return send(c, lostPage, { status: 400 })
    const signedIn = await findSignedIn(c, deps)
    if (!signedIn) return c.redirect(withWaiting('/sign-in', { request: requestId }), 303)
    const request = await findRequest(deps, requestId)
    if (!request || request.decision) return send(c, lostPage, { status: 400 })
    const { person, session } = signedIn
    await deps.store.requests.bind(request._id, session._id)
    return show(c, deps, request, { requestId, person })
  })
  routes.post('/consent', async (c) => {
    const { request } = waitingOf(c)
    if (request === undefined) return send(c, lostPage, { status: 400 })
    return answer(c, deps, request, await fieldsOf(c))
  })
}
