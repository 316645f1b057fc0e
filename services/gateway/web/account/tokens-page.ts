// The page of a person's access tokens, for programs that cannot go through a browser.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { ALL_SCOPES } from '../../../../shared/contracts/define/common.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import { scopesOfRole } from '../../../../shared/contracts/define/scopes.ts'
import { membershipIn, type Person } from '../../accounts/person-rules.ts'
import {
  judgeToken,
  type PersonalToken,
  TOKENS_PER_HOLDER,
  type TokenTyped,
} from '../../accounts/personal-token-rules.ts'
import { type MadeToken, makeToken, revokeToken } from '../../accounts/personal-tokens.ts'
import type { SignedIn } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { resourceOf } from '../../oauth/grant-rules.ts'
import { signedInOnly } from '../flow.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf } from '../posted-forms.ts'
import {
  type ListedToken,
  madeToken,
  scopeChoices,
  tokenInputs,
  tokenRows,
  tokenTyped,
} from '../token-forms.ts'

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
    tokens: readonly ListedToken[]
    names: ReadonlyMap<string, string>
    mcpUrl: string
  }>

const ENDED = {
  expired: 'expired',
  not_a_member: 'ended, since you left the workspace',
  password_changed: 'ended, since you changed your password or signed out everywhere',
} as const

const workspaceChoice = ({ signedIn, names, typed }: Shown): Html => {
  const { memberships } = signedIn.person
  const chosen = typed?.workspace_id ?? signedIn.membership?.workspace_id
  return html`<div class="field"><label for="workspace_id">Workspace</label>
      <select id="workspace_id" name="workspace_id">${memberships.map(
        ({ workspace_id, workspace_name }) =>
          html`<option value="${workspace_id}" ${workspace_id === chosen ? 'selected' : ''}>${names.get(workspace_id) ?? workspace_name}</option>`,
      )}</select></div>`
}

const newToken = (shown: Shown): Html => {
  const { signedIn, typed, fault } = shown
  const { memberships } = signedIn.person
  if (memberships.length === 0)
    return html`<p>You do not belong to a workspace yet. Ask someone to invite you.</p>`
  const offered = ALL_SCOPES.filter((scope) =>
    memberships.some(({ role }) => scopesOfRole(role).includes(scope)),
  )
  return html`<section class="card" aria-labelledby="new">
    <h2 id="new">New token</h2>
    <form method="post" action="/account/tokens">
      ${faultNote(fault)}
      ${tokenInputs(typed, fault)}
      ${workspaceChoice(shown)}
      ${scopeChoices('A program with the token may:', offered, typed?.scopes, fault)}
      <p class="small">It can never do more than you can at that moment.</p>
      <button class="wide">Create token</button>
    </form>
  </section>`
}

const tokensPage = (shown: Shown): Page => ({
  title: 'Access tokens',
  signedIn: shown.signedIn,
  body: html`<h1>Access tokens</h1>
    <p class="lead">A program that cannot open a browser, such as a CI job, works in your name with a token. A revoked token stops working within seconds. A new password and signing out everywhere end all of them.</p>
    ${shown.made ? madeToken(shown.made, shown.mcpUrl) : ''}
    <section class="card" aria-labelledby="tokens">
      <h2 id="tokens">Your tokens</h2>
      ${tokenRows(shown.tokens, '/account/tokens')}
    </section>
    ${newToken(shown)}
    <p class="small">Apps that you connected in the browser are <a href="/apps">here</a>.</p>`,
})

const listed = (token: PersonalToken, person: Person, names: Shown['names'], now: Date): ListedToken => {
  const judged = judgeToken(token, person, now)
  return {
    token,
    where: names.get(token.ws) ?? 'a workspace that is gone',
    ended: judged.ok ? undefined : ENDED[judged.reason],
  }
}

const show = async (c: Ctx, deps: Deps, signedIn: SignedIn, outcome: Outcome = {}): Promise<Response> => {
  const { store, clock, public_url } = deps
  const { person } = signedIn
  const tokens = await store.personalTokens.list(person._id, SHOWN_TOKENS)
  const ids = [...person.memberships.map(({ workspace_id }) => workspace_id), ...tokens.map(({ ws }) => ws)]
  const workspaces = await store.workspaces.findAll([...new Set(ids)])
  const names = new Map(workspaces.map(({ _id, name }) => [_id, name]))
  const rows = tokens.map((token) => listed(token, person, names, clock.now()))
  const page = tokensPage({ signedIn, tokens: rows, names, mcpUrl: resourceOf(public_url), ...outcome })
  return send(c, page, formActionOf(outcome.fault))
}

const create = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const form = await fieldsOf(c)
  const typed = { ...tokenTyped(form), workspace_id: form.get('workspace_id') ?? '' }
  const { person } = signedIn
  const done = await attempt(async () => {
    // A person of one workspace may leave the field out.
    const membership =
      typed.workspace_id === '' ? signedIn.membership : membershipIn(person, typed.workspace_id)
    if (!membership)
      throw new AppError('invalid_argument', 'Choose one of your workspaces.', {
        details: { field: 'workspace_id' },
      })
    return makeToken(deps, person, membership, typed)
  })
  return show(c, deps, signedIn, done.ok ? { made: done.value } : { typed, fault: done.fault })
}

const revoke = async (c: Ctx, deps: Deps, { person }: SignedIn): Promise<Response> => {
  await revokeToken(deps, person._id, c.req.param('id') ?? '')
  return c.redirect('/account/tokens', 303)
}

/** The page of access tokens and its forms. */
export const tokenRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/account/tokens', signedInOnly(deps, show))
  routes.post('/account/tokens', signedInOnly(deps, create))
  routes.post('/account/tokens/:id/revoke', signedInOnly(deps, revoke))
}
