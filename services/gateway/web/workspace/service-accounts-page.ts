// The pages of a workspace's service accounts, for its owners and admins: the list, and each with its secret and tokens.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { ALL_SCOPES, SCOPES } from '../../../../shared/contracts/define/common.ts'
import type { Caller } from '../../../../shared/contracts/define/contract.ts'
import { judgeToken, type PersonalToken, type TokenTyped } from '../../accounts/personal-token-rules.ts'
import type { MadeToken } from '../../accounts/personal-tokens.ts'
import {
  holderOfService,
  requireManager,
  SERVICE_ACCOUNTS_PER_WORKSPACE,
  type ServiceAccount,
  shownName,
} from '../../accounts/service-account-rules.ts'
import {
  deleteServiceAccount,
  listServiceTokens,
  loadServiceAccount,
  type MadeSecret,
  makeServiceAccount,
  makeServiceToken,
  revokeServiceToken,
  rotateSecret,
  setDisabled,
} from '../../accounts/service-accounts.ts'
import { callerOf } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { resourceOf } from '../../oauth/grant-rules.ts'
import { PATHS } from '../../oauth/metadata.ts'
import { type Ctx, day, type Html, type Page, send } from '../layout.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, input } from '../posted-forms.ts'
import { madeToken, scopeChoices, secretOnce, tokenInputs, tokenRows, tokenTyped } from '../token-forms.ts'
import { membersOnly, type SignedInMember } from './workspace-page.ts'

const PATH = '/workspace/service-accounts'

/** What came of a posted form. */
type Outcome = Readonly<{
  secret?: MadeSecret
  token?: MadeToken
  typed?: Readonly<{ name: string; scopes: readonly string[] }>
  typedToken?: TokenTyped
  fault?: Fault
}>

type Site = Readonly<{ signedIn: SignedInMember; mcpUrl: string; tokenUrl: string }>

const callerFor = ({ person, membership }: SignedInMember): Caller => callerOf(person, membership)

const madeSecret = ({ account, secret }: MadeSecret, { mcpUrl, tokenUrl }: Site): Html =>
  secretOnce(
    `Copy the secret of “${account.name}” now`,
    html`<p>The secret is shown only this once.</p>
    <p class="small">Client id</p>
    <code class="code" data-client-id="${account._id}">${account._id}</code>
    <p class="small">Client secret</p>
    <code class="code" data-client-secret="${secret}">${secret}</code>
    <p class="small">With these a program gets an access token from <code>${tokenUrl}</code> (<code>grant_type=client_credentials</code>), and sends it to <code>${mcpUrl}</code>.</p>`,
  )

const accountRow = ({
  _id,
  name,
  scopes,
  disabled,
  created_at,
  created_by,
}: ServiceAccount): Html => html`<li>
    <span class="main"><a href="${PATH}/${_id}">${name}</a>
      <span class="sub">made by ${created_by.name} on ${day(created_at)}</span>
      <span class="sub">${scopes.map((scope) => SCOPES[scope]).join('; ')}</span></span>
    <span class="end">${disabled ? 'disabled' : ''}</span></li>`

const listPage = (site: Site, accounts: readonly ServiceAccount[], outcome: Outcome): Page => {
  const { secret, typed, fault } = outcome
  const name = {
    name: 'service_account_name',
    label: 'Name',
    value: typed?.name ?? '',
    autocomplete: 'off',
    max: 200,
    hint: 'What it is, such as “Nightly builds”. Tasks and comments name it as their author.',
  }
  return {
    title: 'Service accounts',
    signedIn: site.signedIn,
    body: html`<h1>Service accounts</h1>
    <p class="lead">A service account works in this workspace on its own, in nobody’s name. It cannot sign in to these pages and gets no mail. <a href="/workspace">Back to the workspace</a></p>
    ${secret ? madeSecret(secret, site) : ''}
    <section class="card" aria-labelledby="accounts">
      <h2 id="accounts">Service accounts (${accounts.length})</h2>
      ${accounts.length === 0 ? html`<p>There is none yet.</p>` : html`<ul class="rows">${accounts.map(accountRow)}</ul>`}
    </section>
    <section class="card" aria-labelledby="new">
      <h2 id="new">New service account</h2>
      <form method="post" action="${PATH}">
        ${faultNote(fault)}
        ${input(name, fault)}
        ${scopeChoices('It may:', ALL_SCOPES, typed?.scopes, fault)}
        <button class="wide">Create service account</button>
      </form>
    </section>`,
  }
}

const credentials = ({
  _id,
  secret_made_at,
}: ServiceAccount): Html => html`<section class="card" aria-labelledby="secret">
    <h2 id="secret">Client secret</h2>
    <p class="small">For OAuth with <code>client_credentials</code>. The secret was made on ${day(secret_made_at)}.</p>
    <p class="small">Client id</p>
    <code class="code" data-client-id="${_id}">${_id}</code>
    <form method="post" action="${PATH}/${_id}/secret">
      <button class="second">Make a new secret</button>
    </form>
    <p class="hint">The present secret stops working at once, and so does every access token that was got with it.</p>
  </section>`

const ENDED = {
  expired: 'expired',
  not_a_member: 'stopped, since the account is disabled',
  password_changed: 'ended',
} as const

const tokensOf = (
  account: ServiceAccount,
  tokens: readonly PersonalToken[],
  { typedToken, fault }: Outcome,
  now: Date,
): Html => {
  const rows = tokens.map((token) => {
    const judged = judgeToken(token, holderOfService(account), now)
    return { token, ended: judged.ok ? undefined : ENDED[judged.reason] }
  })
  return html`<section class="card" aria-labelledby="tokens">
    <h2 id="tokens">Access tokens</h2>
    <p class="small">For programs that only send a header. A token may do what the account may.</p>
    ${tokenRows(rows, `${PATH}/${account._id}/tokens`)}
    <form method="post" action="${PATH}/${account._id}/tokens">
      ${faultNote(fault)}
      ${tokenInputs(typedToken, fault)}
      <button class="wide">Create token</button>
    </form>
  </section>`
}

const ending = ({
  _id,
  name,
  disabled,
}: ServiceAccount): Html => html`<section class="card" aria-labelledby="end">
    <h2 id="end">Stop it</h2>
    <p>Either way its tokens are refused within seconds. What it wrote stays.</p>
    <div class="buttons">
      <button class="second" form="switch">${disabled ? 'Enable' : 'Disable'} ${name}</button>
      <button class="second" form="delete">Delete ${name}</button>
    </div>
    <form id="switch" method="post" action="${PATH}/${_id}/${disabled ? 'enable' : 'disable'}"></form>
    <form id="delete" method="post" action="${PATH}/${_id}/delete"></form>
  </section>`

const accountPage = (
  site: Site,
  account: ServiceAccount,
  tokens: readonly PersonalToken[],
  outcome: Outcome,
  now: Date,
): Page => ({
  title: account.name,
  signedIn: site.signedIn,
  body: html`<h1>${account.name}</h1>
    <p class="lead">Authors and holders are named “${shownName(account)}”. <a href="${PATH}">Back to the service accounts</a></p>
    ${account.disabled ? html`<p class="note warn">It is disabled: nothing works in its name.</p>` : ''}
    ${outcome.secret ? madeSecret(outcome.secret, site) : ''}
    ${outcome.token ? madeToken(outcome.token, site.mcpUrl) : ''}
    <div class="card"><p>It may:</p><ul>${account.scopes.map((scope) => html`<li>${SCOPES[scope]}</li>`)}</ul></div>
    ${credentials(account)} ${tokensOf(account, tokens, outcome, now)} ${ending(account)}`,
})

const siteOf = ({ public_url }: Deps, signedIn: SignedInMember): Site => ({
  signedIn,
  mcpUrl: resourceOf(public_url),
  tokenUrl: `${public_url}${PATHS.token}`,
})

const showList = async (
  c: Ctx,
  deps: Deps,
  signedIn: SignedInMember,
  outcome: Outcome = {},
): Promise<Response> => {
  requireManager(signedIn.membership)
  const { workspace_id } = signedIn.membership
  const accounts = await deps.store.serviceAccounts.list(workspace_id, SERVICE_ACCOUNTS_PER_WORKSPACE)
  return send(c, listPage(siteOf(deps, signedIn), accounts, outcome), formActionOf(outcome.fault))
}

const idOf = (c: Ctx): string => c.req.param('id') ?? ''

const showOne = async (
  c: Ctx,
  deps: Deps,
  signedIn: SignedInMember,
  outcome: Outcome = {},
): Promise<Response> => {
  const account = await loadServiceAccount(deps, callerFor(signedIn), idOf(c))
  const tokens = await listServiceTokens(deps, account)
  const page = accountPage(siteOf(deps, signedIn), account, tokens, outcome, deps.clock.now())
  return send(c, page, formActionOf(outcome.fault))
}

const create = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const form = await fieldsOf(c)
  const typed = { name: form.get('service_account_name') ?? '', scopes: form.getAll('scope') }
  const done = await attempt(() => makeServiceAccount(deps, callerFor(signedIn), typed))
  return showList(c, deps, signedIn, done.ok ? { secret: done.value } : { typed, fault: done.fault })
}

const rotate = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> =>
  showOne(c, deps, signedIn, { secret: await rotateSecret(deps, callerFor(signedIn), idOf(c)) })

const createToken = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const typedToken = tokenTyped(await fieldsOf(c))
  const done = await attempt(() => makeServiceToken(deps, callerFor(signedIn), idOf(c), typedToken))
  return showOne(c, deps, signedIn, done.ok ? { token: done.value } : { typedToken, fault: done.fault })
}

const revoke = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  await revokeServiceToken(deps, callerFor(signedIn), idOf(c), c.req.param('token') ?? '')
  return c.redirect(`${PATH}/${idOf(c)}`, 303)
}

const turn =
  (disabled: boolean) =>
  async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
    await setDisabled(deps, callerFor(signedIn), idOf(c), disabled)
    return c.redirect(`${PATH}/${idOf(c)}`, 303)
  }

const remove = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  await deleteServiceAccount(deps, callerFor(signedIn), idOf(c))
  return c.redirect(PATH, 303)
}

/** The pages of service accounts and their forms. */
export const serviceAccountRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const inside = membersOnly(deps)
  routes.get(PATH, inside(showList))
  routes.post(PATH, inside(create))
  routes.get(`${PATH}/:id`, inside(showOne))
  routes.post(`${PATH}/:id/secret`, inside(rotate))
  routes.post(`${PATH}/:id/tokens`, inside(createToken))
  routes.post(`${PATH}/:id/tokens/:token/revoke`, inside(revoke))
  routes.post(`${PATH}/:id/disable`, inside(turn(true)))
  routes.post(`${PATH}/:id/enable`, inside(turn(false)))
  routes.post(`${PATH}/:id/delete`, inside(remove))
}
