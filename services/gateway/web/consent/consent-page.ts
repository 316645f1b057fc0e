// The page on which a person decides whether an app may work for them. What the app says about itself is shown as its own
// claim.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { roleWord, scopeWord } from '../../../../shared/contracts/define/access-words.ts'
import type { Scope } from '../../../../shared/contracts/define/common.ts'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { effectiveScopes, FURTHER_SCOPES } from '../../../../shared/contracts/define/scopes.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import {
  type Membership,
  membershipIn,
  membershipUnder,
  type Person,
  workspacesOf,
} from '../../accounts/person-rules.ts'
import { isRecent, RECENT_FOR_APPROVE_MS } from '../../accounts/session-rules.ts'
import { findSignedIn, openTo, type SignedIn } from '../../accounts/sessions.ts'
import { byOf, recordAudit } from '../../audit/audit.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { isLoopback } from '../../http/host.ts'
import { consentedScopes, decide, findRequest } from '../../oauth/authorize.ts'
import { isDocumentId } from '../../oauth/document-rules.ts'
import { isBlocked } from '../../oauth/governed-rules.ts'
import type { AuthorizationRequest } from '../../oauth/model.ts'
import { appOfScheme } from '../../oauth/redirect-rules.ts'
import { requireRecent } from '../account/re-authenticate.ts'
import { goOn, waitingOf, withWaiting } from '../flow.ts'
import { CHECK, type Ctx, type Html, languageFor, messagePage, type Page, send } from '../layout.ts'
import { CONSENT } from '../messages/consent.ts'
import { fieldsOf } from '../posted-forms.ts'

/** Connections that are searched for that of the app that asks. */
const LOOKED_AT = 200
const DAY_MS = 24 * 60 * 60_000

/** What was wrong with the form, by its words. */
type ConsentFault = 'blocked' | 'choose' | 'choose_workspace' | 'allows_nothing'

type Shown = Readonly<{
  request: AuthorizationRequest
  requestId: string
  person: Person
  names: ReadonlyMap<string, string>
  language: Language
  fault?: ConsentFault
  /** The workspace in which the same app works for the person already. */
  present?: string | undefined
  /** A connection that is not used for this long ends. */
  refresh_ms: number
}>

type ConsentWords = Words<(typeof CONSENT)['en']>

/** Says that there is nothing to decide about. */
const lost = async (c: Ctx, deps: Deps): Promise<Response> => {
  const language = languageFor(c, await findSignedIn(c, deps))
  const words = wordsOf(CONSENT, language)
  const page = messagePage(language, words.word('start_again'), words.word('start_again_next'))
  return send(c, page, { status: 400 })
}

/** Where the answer goes, with a warning where the address does not prove who is there. */
const destination = (uri: string, words: ConsentWords): Html => {
  const url = new URL(uri)
  const host = html`<strong>${url.host}</strong>`
  if (isLoopback(uri)) return html`<p class="note warn">${words.pieces('to_this_computer', { host })}</p>`
  if (url.protocol === 'https:') return html`<p>${words.pieces('to_site', { host })}</p>`
  const name = appOfScheme(url.protocol.slice(0, -1))
  const scheme = html`<strong>${url.protocol}</strong>`
  return html`<p class="note warn">${
    name === undefined
      ? words.pieces('to_any_app', { scheme })
      : words.pieces('to_an_app', { app: html`<strong>${name}</strong>`, scheme })
  }</p>`
}

/** The choice of workspace. Preselected is the one in which the app works already: it may only be asking for more there. */
const workspaceChoice = ({ person, names, present, language }: Shown, words: ConsentWords): Html => {
  const nameOf = ({ workspace_id, workspace_name }: Membership) => names.get(workspace_id) ?? workspace_name
  const [only, another] = person.memberships
  const label = words.word('workspace')
  if (only && !another) return html`<dt>${label}</dt><dd>${words.isolate(nameOf(only))}</dd>`
  return html`<dt><label for="workspace_id">${label}</label></dt>
      <dd><select id="workspace_id" name="workspace_id">
        ${person.memberships.map(
          (membership) =>
            html`<option value="${membership.workspace_id}" ${membership.workspace_id === present ? 'selected' : ''}>${nameOf(membership)} (${roleWord(membership.role, language)})</option>`,
        )}
      </select></dd>`
}

/** The scopes to decide about. With several workspaces, the role in the chosen one may allow fewer. */
const scopesAsked = ({ request, person }: Shown): readonly Scope[] => {
  const [only, another] = person.memberships
  return only && !another ? effectiveScopes(request.scopes, only.role) : request.scopes
}

/** A checkbox for each scope. */
const boxes = (name: string, scopes: readonly Scope[], language: Language, checked: '' | 'checked'): Html[] =>
  scopes.map(
    (scope) => html`<label class="check"><input type="checkbox" name="${name}" value="${scope}" ${checked}>
          <span>${scopeWord(scope, language)}</span></label>`,
  )

const rights = (shown: Shown, words: ConsentWords): Html | '' => {
  const { language } = shown
  const scopes = scopesAsked(shown).filter((scope) => !FURTHER_SCOPES.includes(scope))
  if (scopes.length === 0) return ''
  return html`<h2>${words.word('will_be_able')}</h2>
      <ul class="rights">${scopes.map((scope) => html`<li>${CHECK}<span>${scopeWord(scope, language)}</span></li>`)}</ul>
      ${
        scopes.length > 1
          ? html`<details><summary>${words.word('allow_less')}</summary>
        <fieldset><legend>${words.word('tick_what_not')}</legend>
        ${boxes('without', scopes, language, '')}</fieldset>
      </details>`
          : ''
      }`
}

/** A checkbox for each further scope that the app asked for by name. What is not ticked is not allowed. */
const furtherRights = (shown: Shown, words: ConsentWords): Html | '' => {
  const scopes = scopesAsked(shown).filter((scope) => FURTHER_SCOPES.includes(scope))
  if (scopes.length === 0) return ''
  return html`<fieldset><legend>${words.word('also_asks')}</legend>
        ${boxes('further', scopes, shown.language, 'checked')}</fieldset>`
}

/** Where an app that is known by its address describes itself. */
const describedAt = ({ client_id }: AuthorizationRequest, words: ConsentWords): readonly (Html | string)[] =>
  isDocumentId(client_id)
    ? words.pieces('described_at', { host: html`<strong>${new URL(client_id).host}</strong>` })
    : []

const consentPage = (shown: Shown): Page => {
  const { request, requestId, person, fault, language, refresh_ms } = shown
  const words = wordsOf(CONSENT, language)
  const title = words.say('title', { app: request.client_name })
  return {
    title,
    language,
    body: html`<h1>${title}</h1>
    <p class="lead">${words.word('own_name')} ${describedAt(request, words)}</p>
    <div class="card">
      ${fault ? html`<p class="note bad" role="alert">${words.word(fault)}</p>` : ''}
      ${destination(request.redirect_uri, words)}
      <form id="switch" method="post" action="${withWaiting('/sign-out', { request: requestId })}"></form>
      <form method="post" action="${withWaiting('/consent', { request: requestId })}">
        <dl class="facts">
          <dt>${words.word('signed_in_as')}</dt>
          <dd>${words.isolate(person.name)} (${words.isolate(person.email)}) <button class="plain" form="switch">${words.word('use_another')}</button></dd>
          ${workspaceChoice(shown, words)}
        </dl>
        ${rights(shown, words)}
        ${furtherRights(shown, words)}
        <p class="small">${words.plural('ends', Math.round(refresh_ms / DAY_MS))}</p>
        <div class="buttons">
          <button name="decision" value="allow">${words.word('allow')}</button>
          <button class="second" name="decision" value="deny">${words.word('deny')}</button>
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
  shown: Readonly<{ requestId: string; person: Person; fault?: ConsentFault }>,
): Promise<Response> => {
  const ids = workspacesOf(shown.person)
  const workspaces = await deps.store.workspaces.findAll(ids)
  const names = new Map(workspaces.map(({ _id, name }) => [_id, name]))
  const present = await presentWorkspace(deps, request, shown.person)
  const language = languageOf(shown.person.locale)
  const page = consentPage({ request, names, present, refresh_ms: deps.oauth.refresh_ms, language, ...shown })
  return send(c, page, {
    form_action: formActionOf(request.redirect_uri),
    status: shown.fault === undefined ? 200 : 400,
  })
}

/** Whether the person has to prove once more who they are, because the app wants to approve tasks. */
const isTooOld = async (
  { clock }: Deps,
  { scopes }: AuthorizationRequest,
  { session }: SignedIn,
): Promise<boolean> =>
  scopes.includes('loops:approve') && !isRecent(session, clock.now(), RECENT_FOR_APPROVE_MS)

/** The person with the memberships that this session may act under: no others are offered or accepted. */
const actingAs = (signedIn: SignedIn): Person => ({ ...signedIn.person, memberships: [...openTo(signedIn)] })

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

type Consent = Parameters<typeof consentedScopes>[1]

/** Records what was decided: which client, and what it may do. */
const recordDecision = async (
  c: Ctx,
  deps: Deps,
  who: SignedIn,
  request: AuthorizationRequest,
  consent: Consent | null,
): Promise<void> => {
  const { client_id, client_name } = request
  const ws = consent ? consent.membership.workspace_id : who.membership?.workspace_id
  await recordAudit(deps, {
    action: consent ? 'consent.given' : 'consent.denied',
    ws: ws === undefined ? [] : [ws],
    by: byOf(who),
    address: deps.addressOf(c),
    target: {
      client_id,
      client_name,
      ...(consent ? { scopes: consentedScopes(request, consent).join(' ') } : {}),
    },
    outcome: 'done',
  })
}

const answer = async (c: Ctx, deps: Deps, requestId: string, form: URLSearchParams): Promise<Response> => {
  const signedIn = await findSignedIn(c, deps)
  if (!signedIn) return c.redirect(withWaiting('/sign-in', { request: requestId }), 303)
  const request = await findRequest(deps, requestId)
  if (!request) return lost(c, deps)
  if (await isTooOld(deps, request, signedIn))
    return c.redirect(withWaiting('/consent', { request: requestId }), 303)
  const { session } = signedIn
  const person = actingAs(signedIn)
  const again = (fault: ConsentFault) => show(c, deps, request, { requestId, person, fault })
  const decision = form.get('decision')
  if (decision !== 'allow' && decision !== 'deny') return again('choose')
  const membership = chosen(person, form)
  if (decision === 'allow' && !membership) return again('choose_workspace')
  const consent =
    decision === 'allow' && membership ? { person, membership, withheld: withheldIn(form) } : null
  if (consent && consentedScopes(request, consent).length === 0) return again('allows_nothing')
  const rules = consent && (await deps.store.workspaces.accessRules(consent.membership.workspace_id))
  if (isBlocked(rules, request.client_id)) return again('blocked')
  const decided = await decide(deps, request, session._id, consent)
  if (decided === 'answered') return lost(c, deps)
  // Another session has taken the request meanwhile, for example after a new sign-in: the page is shown again.
  if (decided === 'not_yours') return goOn(c, deps, session, { request: requestId })
  await recordDecision(c, deps, signedIn, request, consent)
  return c.redirect(decided.url, 303)
}

/** The consent page. */
export const consentRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/consent', async (c) => {
    const { request: requestId } = waitingOf(c)
    if (requestId === undefined) return lost(c, deps)
    const signedIn = await findSignedIn(c, deps)
    if (!signedIn) return c.redirect(withWaiting('/sign-in', { request: requestId }), 303)
    const request = await findRequest(deps, requestId)
    if (!request || request.decision) return lost(c, deps)
    if (await isTooOld(deps, request, signedIn))
      return (await requireRecent(c, deps, signedIn, RECENT_FOR_APPROVE_MS)) ?? lost(c, deps)
    if (openTo(signedIn).length === 0 && signedIn.person.memberships.length > 0)
      return c.redirect('/account/second-factor', 303)
    const { session } = signedIn
    const person = actingAs(signedIn)
    await deps.store.requests.bind(request._id, session._id)
    return show(c, deps, request, { requestId, person })
  })
  routes.post('/consent', async (c) => {
    const { request } = waitingOf(c)
    if (request === undefined) return lost(c, deps)
    return answer(c, deps, request, await fieldsOf(c))
  })
}
