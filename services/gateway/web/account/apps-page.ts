// The page of a person's connected apps, in all their workspaces.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { scopeWord } from '../../../../shared/contracts/define/access-words.ts'
import { ALL_SCOPES } from '../../../../shared/contracts/define/common.ts'
import { notFound } from '../../../../shared/contracts/define/errors.ts'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { FURTHER_SCOPES, scopesOfRole } from '../../../../shared/contracts/define/scopes.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { isOfPassword, membershipUnder } from '../../accounts/person-rules.ts'
import { RECENT_FOR_APPROVE_MS } from '../../accounts/session-rules.ts'
import { openTo, type SignedIn } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { isLoopback } from '../../http/host.ts'
import { resourceOf } from '../../oauth/grant-rules.ts'
import type { Grant } from '../../oauth/model.ts'
import { auditedInWorkspace } from '../audited-forms.ts'
import { signedInOnly } from '../flow.ts'
import { CHECK, type Ctx, type Html, type Page, send } from '../layout.ts'
import { APPS } from '../messages/apps.ts'
import { day, minute } from '../moments.ts'
import { fieldsOf } from '../posted-forms.ts'
import { requireRecent } from './re-authenticate.ts'

const SHOWN_APPS = 200

type Shown = Readonly<{
  signedIn: SignedIn
  language: Language
  words: AppsWords
  grants: readonly Grant[]
  names: ReadonlyMap<string, string>
  mcpUrl: string
}>

type AppsWords = Words<(typeof APPS)['en']>

/** Where an app gets its answers, in words. */
const whereabouts = (uri: string, words: AppsWords): string => {
  const { protocol, host } = new URL(uri)
  if (isLoopback(uri)) return words.word('on_a_computer')
  return protocol === 'https:' ? host : `${protocol}//${host}`
}

/**
 * Allows the app further scopes, or takes them back. Many apps cannot ask for more once they are connected. It takes effect
 * with the app's next token.
 */
const furtherForms = (shown: Shown, { _id, client_name, scopes, ...grant }: Grant): Html[] => {
  const { signedIn, language, words } = shown
  const role = membershipUnder(grant, signedIn.person)?.role
  const offered = FURTHER_SCOPES.filter((scope) => role && scopesOfRole(role).includes(scope))
  return offered.map((scope) => {
    const held = scopes.includes(scope)
    const label = words.say(held ? 'take_back' : 'also_allow', { right: scopeWord(scope, language) })
    const whole = words.say('for_app', { action: label, app: client_name })
    return html`<form method="post" action="/apps/${_id}/scopes">
        <input type="hidden" name="${held ? 'take' : 'give'}" value="${scope}">
        <button class="plain" aria-label="${whole}">${label}</button>
      </form>`
  })
}

/** Where an app works, since when, and when it last did. */
const standing = ({ language, words }: Shown, grant: Grant, workspace: string): string => {
  const { redirect_uri, created_at, last_used_at } = grant
  return words.say('connected', {
    where: whereabouts(redirect_uri, words),
    workspace,
    day: day(created_at, language),
    used: last_used_at
      ? words.say('last_used', { when: minute(last_used_at, language) })
      : words.word('not_used'),
  })
}

const app = (shown: Shown, grant: Grant): Html => {
  const { signedIn, names, language, words } = shown
  const { _id, client_name, ws, scopes } = grant
  const workspace = names.get(ws) ?? membershipUnder(grant, signedIn.person)?.workspace_name ?? ''
  return html`<li class="card app">
      <div><h2>${words.isolate(client_name)}</h2>
        <p class="small">${standing(shown, grant, workspace)}</p>
        <ul class="rights">${scopes.map((scope) => html`<li>${CHECK}<span>${scopeWord(scope, language)}</span></li>`)}</ul>
        ${furtherForms(shown, grant)}
      </div>
      <form method="post" action="/apps/${_id}/disconnect">
        <button class="second" aria-label="${words.say('disconnect_app', { app: client_name, workspace })}">${words.word('disconnect')}</button>
      </form></li>`
}

const none = ({ mcpUrl, words }: Shown): Html => html`<div class="card">
      <p>${words.word('none')}</p>
      <code class="code">${mcpUrl}</code>
    </div>`

const appsPage = (shown: Shown): Page => {
  const { signedIn, grants, language, words } = shown
  return {
    title: words.word('title'),
    language,
    signedIn,
    wide: true,
    body: html`<h1>${words.word('title')}</h1>
    <p class="lead">${words.word('lead')}</p>
    ${
      grants.length === 0
        ? none(shown)
        : html`<ul class="apps">${grants.map((grant) => app(shown, grant))}</ul>`
    }
    ${grants.length === SHOWN_APPS ? html`<p class="small">${words.plural('newest', SHOWN_APPS)}</p>` : ''}`,
  }
}

const show = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const { store, clock, public_url } = deps
  const { person } = signedIn
  const allowed = await store.grants.inForce(person._id, clock.now(), SHOWN_APPS)
  const grants = allowed.filter((grant) => isOfPassword(grant, person) && membershipUnder(grant, person))
  const workspaces = await store.workspaces.findAll([...new Set(grants.map(({ ws }) => ws))])
  const names = new Map(workspaces.map(({ _id, name }) => [_id, name]))
  const language = languageOf(person.locale)
  const words = wordsOf(APPS, language)
  return send(c, appsPage({ signedIn, language, words, grants, names, mcpUrl: resourceOf(public_url) }))
}

/** The connection that the path names. @throws AppError `not_found` when it is somebody else's. */
const ownGrant = async (c: Ctx, deps: Deps, { person }: SignedIn): Promise<Grant> => {
  const id = c.req.param('id') ?? ''
  const grant = await deps.store.grants.find(id)
  if (grant?.user_id !== person._id) throw notFound('connection', id)
  return grant
}

/** Does something with a connection; it is in the log of the workspace in which that works. */
const auditedOfGrant = <T>(
  c: Ctx,
  deps: Deps,
  { person }: SignedIn,
  action: 'connection.ended' | 'connection.scopes_changed',
  { _id, ws: workspace_id, client_id, client_name, scopes }: Grant,
  work: () => Promise<T>,
): Promise<T> => {
  const target = { connection_id: _id, client_id, client_name, scopes: scopes.join(' ') }
  return auditedInWorkspace(c, deps, { person, membership: { workspace_id } }, { action, target }, work)
}

const disconnect = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const grant = await ownGrant(c, deps, signedIn)
  const end = () => deps.store.grants.revoke(grant._id, 'revoked_by_person', deps.clock.now())
  await auditedOfGrant(c, deps, signedIn, 'connection.ended', grant, end)
  return c.redirect('/apps', 303)
}

const changeScopes = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const grant = await ownGrant(c, deps, signedIn)
  const form = await fieldsOf(c)
  const [give, take] = [form.get('give'), form.get('take')]
  if (give !== null) {
    const asked = await requireRecent(c, deps, signedIn, RECENT_FOR_APPROVE_MS)
    if (asked) return asked
  }
  const role = membershipUnder(grant, { memberships: [...openTo(signedIn)] })?.role
  const offered = FURTHER_SCOPES.filter((scope) => role && scopesOfRole(role).includes(scope))
  const scopes = ALL_SCOPES.filter(
    (scope) =>
      (grant.scopes.includes(scope) && scope !== take) || (offered.includes(scope) && scope === give),
  )
  const set = () => deps.store.grants.setScopes(grant._id, scopes)
  const asked = { ...grant, scopes }
  await auditedOfGrant(c, deps, signedIn, 'connection.scopes_changed', asked, set)
  return c.redirect('/apps', 303)
}

/** The page of connected apps and its forms. */
export const appRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/apps', signedInOnly(deps, show))
  routes.post('/apps/:id/disconnect', signedInOnly(deps, disconnect))
  routes.post('/apps/:id/scopes', signedInOnly(deps, changeScopes))
}
