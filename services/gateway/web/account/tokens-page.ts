// The page of a person's access tokens, for programs that cannot go through a browser.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { ALL_SCOPES } from '../../../../shared/contracts/define/common.ts'
import { notFound } from '../../../../shared/contracts/define/errors.ts'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { scopesOfRole } from '../../../../shared/contracts/define/scopes.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { type Person, workspacesOf } from '../../accounts/person-rules.ts'
import {
  judgeToken,
  type PersonalToken,
  TOKENS_PER_HOLDER,
  type TokenTyped,
} from '../../accounts/personal-token-rules.ts'
import { type MadeToken, makeToken, revokeToken, rotateToken } from '../../accounts/personal-tokens.ts'
import { openTo, type SignedIn } from '../../accounts/sessions.ts'
import { type TokenPolicy, underPolicy } from '../../accounts/token-policy-rules.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { resourceOf } from '../../oauth/grant-rules.ts'
import { fieldFault } from '../../translated-errors.ts'
import { auditedInWorkspace } from '../audited-forms.ts'
import { signedInOnly } from '../flow.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'
import { TOKENS } from '../messages/tokens.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf } from '../posted-forms.ts'
import {
  type ListedToken,
  madeToken,
  scopeChoices,
  tokenInputs,
  tokenRows,
  tokenTyped,
} from '../token-forms.ts'
import { afterProof } from './re-authenticate.ts'

/** The tokens of how many full workspaces are shown. */
const SHOWN_TOKENS = 4 * TOKENS_PER_HOLDER

/** What came of a posted form. */
type Outcome = Readonly<{
  made?: MadeToken
  typed?: TokenTyped & Readonly<{ workspace_id: string }>
  fault?: Fault
}>

type Shown = Outcome &
  Readonly<{
    signedIn: SignedIn
    language: Language
    words: TokenWords
    tokens: readonly ListedToken[]
    names: ReadonlyMap<string, string>
    mcpUrl: string
  }>

type TokenWords = Words<(typeof TOKENS)['en']>

const workspaceChoice = ({ signedIn, names, typed, words }: Shown): Html => {
  const memberships = openTo(signedIn)
  const chosen = typed?.workspace_id ?? signedIn.membership?.workspace_id
  return html`<div class="field"><label for="workspace_id">${words.word('workspace')}</label>
      <select id="workspace_id" name="workspace_id">${memberships.map(
        ({ workspace_id, workspace_name }) =>
          html`<option value="${workspace_id}" ${workspace_id === chosen ? 'selected' : ''}>${names.get(workspace_id) ?? workspace_name}</option>`,
      )}</select></div>`
}

const newToken = (shown: Shown): Html => {
  const { signedIn, typed, fault, language, words } = shown
  const memberships = openTo(signedIn)
  if (memberships.length === 0) return html`<p>${words.word('no_workspace')}</p>`
  const offered = ALL_SCOPES.filter((scope) =>
    memberships.some(({ role }) => scopesOfRole(role).includes(scope)),
  )
  return html`<section class="card" aria-labelledby="new">
    <h2 id="new">${words.word('new_token')}</h2>
    <form method="post" action="/account/tokens">
      ${faultNote(fault, language)}
      ${tokenInputs(language, typed, fault)}
      ${workspaceChoice(shown)}
      ${scopeChoices(language, words.word('may'), offered, typed?.scopes, fault)}
      <p class="small">${words.word('never_more')}</p>
      <button class="wide">${words.word('create')}</button>
    </form>
  </section>`
}

const tokensPage = (shown: Shown): Page => {
  const { signedIn, language, words, made, mcpUrl, tokens } = shown
  return {
    title: words.word('title'),
    language,
    signedIn,
    body: html`<h1>${words.word('title')}</h1>
    <p class="lead">${words.word('lead')}</p>
    ${made ? madeToken(language, made, mcpUrl) : ''}
    <section class="card" aria-labelledby="tokens">
      <h2 id="tokens">${words.word('your_tokens')}</h2>
      ${tokenRows(language, tokens, '/account/tokens')}
    </section>
    ${newToken(shown)}
    <p class="small">${words.pieces('apps_here', { link: html`<a href="/apps">${words.word('here')}</a>` })}</p>`,
  }
}

/** Why a token does not work, by the rules of its workspace too. */
const endOf = (token: PersonalToken, person: Person, policy: TokenPolicy | undefined, now: Date) => {
  const judged = judgeToken(token, person, now)
  if (!judged.ok) return judged.reason
  const credential = { of: 'person', since: token.created_at } as const
  return underPolicy(policy, credential, judged.scopes, now) === 'beyond' ? 'beyond_policy' : undefined
}

const listed = (
  token: PersonalToken,
  person: Person,
  { names, words }: Pick<Shown, 'names' | 'words'>,
  policy: TokenPolicy | undefined,
  now: Date,
): ListedToken => {
  const end = endOf(token, person, policy, now)
  return {
    token,
    where: names.get(token.ws) ?? words.word('workspace_gone'),
    ended: end === undefined ? undefined : words.word(end),
  }
}

const show = async (c: Ctx, deps: Deps, signedIn: SignedIn, outcome: Outcome = {}): Promise<Response> => {
  const { store, clock, public_url } = deps
  const { person } = signedIn
  const tokens = await store.personalTokens.list(person._id, SHOWN_TOKENS)
  const ids = [...workspacesOf(person), ...tokens.map(({ ws }) => ws)]
  const workspaces = await store.workspaces.findAll([...new Set(ids)])
  const names = new Map(workspaces.map(({ _id, name }) => [_id, name]))
  const language = languageOf(person.locale)
  const said = { language, words: wordsOf(TOKENS, language), names }
  const policies = new Map(workspaces.map(({ _id, token_policy }) => [_id, token_policy]))
  const rows = tokens.map((token) => listed(token, person, said, policies.get(token.ws), clock.now()))
  const page = tokensPage({ signedIn, tokens: rows, mcpUrl: resourceOf(public_url), ...said, ...outcome })
  return send(c, page, formActionOf(outcome.fault))
}

const create = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const form = await fieldsOf(c)
  const typed = { ...tokenTyped(form), workspace_id: form.get('workspace_id') ?? '' }
  const { person } = signedIn
  const done = await attempt(async () => {
    // A person of one workspace may leave the field out.
    const membership =
      typed.workspace_id === ''
        ? signedIn.membership
        : openTo(signedIn).find(({ workspace_id }) => workspace_id === typed.workspace_id)
    if (!membership) throw fieldFault('workspace_id', (words) => words.word('unknown_workspace'))
    const target = { name: typed.name, scopes: typed.scopes.join(' '), days: typed.expires_in_days }
    const work = () => makeToken(deps, person, membership, typed)
    const made = ({ token }: MadeToken) => ({ token_id: token._id })
    return auditedInWorkspace(c, deps, { person, membership }, { action: 'token.made', target }, work, made)
  })
  return show(c, deps, signedIn, done.ok ? { made: done.value } : { typed, fault: done.fault })
}

const rotate = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const id = c.req.param('id') ?? ''
  const ws = (await deps.store.personalTokens.find(id))?.ws
  const membership = openTo(signedIn).find(({ workspace_id }) => workspace_id === ws)
  if (!membership) throw notFound('token', id)
  const what = { action: 'token.rotated', target: { token_id: id } } as const
  const replace = () => rotateToken(deps, signedIn.person, id)
  const who = { person: signedIn.person, membership }
  const done = await attempt(() => auditedInWorkspace(c, deps, who, what, replace))
  if (!done.ok && done.fault.error.code === 'not_found') throw done.fault.error
  return show(c, deps, signedIn, done.ok ? { made: done.value } : { fault: done.fault })
}

const revoke = async (c: Ctx, deps: Deps, { person }: SignedIn): Promise<Response> => {
  const id = c.req.param('id') ?? ''
  const token = await deps.store.personalTokens.find(id)
  if (token?.user_id !== person._id) throw notFound('token', id)
  const asked = { action: 'token.revoked' as const, target: { token_id: id, name: token.name } }
  const who = { person, membership: { workspace_id: token.ws } }
  await auditedInWorkspace(c, deps, who, asked, () => revokeToken(deps, person._id, id))
  return c.redirect('/account/tokens', 303)
}

/** The page of access tokens and its forms. */
export const tokenRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/account/tokens', signedInOnly(deps, show))
  routes.post('/account/tokens', signedInOnly(deps, afterProof(create)))
  routes.post('/account/tokens/:id/rotate', signedInOnly(deps, afterProof(rotate)))
  routes.post('/account/tokens/:id/revoke', signedInOnly(deps, revoke))
}
