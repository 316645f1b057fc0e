// The pages of a workspace's service accounts, for its owners and admins: the list, and each with its secret and tokens.

import type { Hono } from 'hono'
import { html } from 'hono/html'
import { rightsList, scopeWord } from '../../../../shared/contracts/define/access-words.ts'
import { ALL_SCOPES } from '../../../../shared/contracts/define/common.ts'
import type { Caller } from '../../../../shared/contracts/define/contract.ts'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
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
  rotateServiceToken,
  setDisabled,
  setKeys,
} from '../../accounts/service-accounts.ts'
import type { KeysTyped } from '../../accounts/service-key-rules.ts'
import { callerOf } from '../../accounts/sessions.ts'
import { type TokenPolicy, underPolicy } from '../../accounts/token-policy-rules.ts'
import type { AuditAction } from '../../audit/audit-rules.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { resourceOf } from '../../oauth/grant-rules.ts'
import { PATHS } from '../../oauth/metadata.ts'
import { afterProof } from '../account/re-authenticate.ts'
import { auditedInWorkspace } from '../audited-forms.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'
import { memberName } from '../messages/delete-account.ts'
import { SERVICE_ACCOUNTS } from '../messages/service-accounts.ts'
import { day } from '../moments.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, input } from '../posted-forms.ts'
import { madeToken, scopeChoices, secretOnce, tokenInputs, tokenRows, tokenTyped } from '../token-forms.ts'
import { credentials, isOfKeys, keyInputs, keysTyped } from './service-account-keys.ts'
import { membersOnly, type SignedInMember } from './workspace-page.ts'

const PATH = '/workspace/service-accounts'
/** Most bytes of a form with keys. */
const KEYS_FORM_BYTES = 64 * 1024

/** What came of a posted form. */
type Outcome = Readonly<{
  secret?: MadeSecret
  token?: MadeToken
  typed?: Readonly<{ name: string; scopes: readonly string[] }> & KeysTyped
  typedKeys?: KeysTyped
  typedToken?: TokenTyped
  fault?: Fault
}>

type AccountWords = Words<(typeof SERVICE_ACCOUNTS)['en']>

type Site = Readonly<{
  signedIn: SignedInMember
  language: Language
  words: AccountWords
  mcpUrl: string
  tokenUrl: string
  policy?: TokenPolicy | undefined
}>

const callerFor = ({ person, membership }: SignedInMember): Caller => callerOf(person, membership)

/** How a client gets a token of its own. */
const GRANT = html`<code>${'grant_type=client_credentials'}</code>`

const madeSecret = ({ account, secret }: MadeSecret, { words, mcpUrl, tokenUrl }: Site): Html => {
  const places = { url: html`<code>${tokenUrl}</code>`, grant: GRANT, mcp: html`<code>${mcpUrl}</code>` }
  return secretOnce(
    words.say('copy', { name: account.name }),
    html`<p>${words.word('once')}</p>
    <p class="small">${words.word('client_id')}</p>
    <code class="code" data-client-id="${account._id}">${account._id}</code>
    <p class="small">${words.word('client_secret')}</p>
    <code class="code" data-client-secret="${secret}">${secret}</code>
    <p class="small">${words.pieces('use_it', places)}</p>`,
  )
}

const accountRow =
  ({ language, words }: Site) =>
  ({ _id, name, scopes, disabled, created_at, created_by }: ServiceAccount): Html =>
    html`<li>
    <span class="main"><a href="${PATH}/${_id}">${words.isolate(name)}</a>
      <span class="sub">${words.say('made', { name: memberName(created_by.name, language), day: day(created_at, language) })}</span>
      <span class="sub">${rightsList(scopes, language)}</span></span>
    <span class="end">${disabled ? words.word('disabled') : ''}</span></li>`

const newAccount = ({ language, words }: Site, { typed, fault }: Outcome): Html => {
  const name = {
    name: 'service_account_name',
    label: words.word('name'),
    value: typed?.name ?? '',
    autocomplete: 'off',
    max: 200,
    hint: words.word('name_hint'),
  }
  return html`<section class="card" aria-labelledby="new">
      <h2 id="new">${words.word('new_account')}</h2>
      <form method="post" action="${PATH}">
        ${faultNote(fault, language)}
        ${input(name, fault)}
        ${scopeChoices(language, words.word('may'), ALL_SCOPES, typed?.scopes, fault)}
        <details class="ask" ${isOfKeys(fault) ? 'open' : ''}><summary>${words.word('keys_instead')}</summary>
          <p class="small">${words.word('keys_lead')}</p>
          ${keyInputs(words, typed, fault)}</details>
        <button class="wide">${words.word('create')}</button>
      </form>
    </section>`
}

const listPage = (site: Site, accounts: readonly ServiceAccount[], outcome: Outcome): Page => {
  const { signedIn, language, words } = site
  const title = words.word('title')
  return {
    title,
    language,
    signedIn,
    body: html`<h1>${title}</h1>
    <p class="lead">${words.word('lead')} <a href="/workspace">${words.word('back')}</a></p>
    ${outcome.secret ? madeSecret(outcome.secret, site) : ''}
    <section class="card" aria-labelledby="accounts">
      <h2 id="accounts">${title} (${accounts.length})</h2>
      ${accounts.length === 0 ? html`<p>${words.word('none')}</p>` : html`<ul class="rows">${accounts.map(accountRow(site))}</ul>`}
    </section>
    ${newAccount(site, outcome)}`,
  }
}

const tokensOf = (
  { language, words, policy }: Site,
  account: ServiceAccount,
  tokens: readonly PersonalToken[],
  { typedToken, ...outcome }: Outcome,
  now: Date,
): Html => {
  const fault = isOfKeys(outcome.fault) ? undefined : outcome.fault
  const rows = tokens.map((token) => {
    const judged = judgeToken(token, holderOfService(account), now)
    const credential = { of: 'service', since: token.created_at } as const
    const beyond = judged.ok && underPolicy(policy, credential, judged.scopes, now) === 'beyond'
    const end = judged.ok ? (beyond ? 'beyond_policy' : undefined) : judged.reason
    return { token, ended: end && words.word(end) }
  })
  return html`<section class="card" aria-labelledby="tokens">
    <h2 id="tokens">${words.word('tokens')}</h2>
    <p class="small">${words.word('tokens_lead')}</p>
    ${tokenRows(language, rows, `${PATH}/${account._id}/tokens`)}
    <form method="post" action="${PATH}/${account._id}/tokens">
      ${faultNote(fault, language)}
      ${tokenInputs(language, typedToken, fault)}
      <button class="wide">${words.word('create_token')}</button>
    </form>
  </section>`
}

const ending = (
  { words }: Site,
  { _id, name, disabled }: ServiceAccount,
): Html => html`<section class="card" aria-labelledby="end">
    <h2 id="end">${words.word('stop')}</h2>
    <p>${words.word('stop_lead')}</p>
    <div class="buttons">
      <button class="second" form="switch">${words.say(disabled ? 'enable' : 'disable', { name })}</button>
      <button class="second" form="delete">${words.say('delete', { name })}</button>
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
): Page => {
  const { signedIn, language, words } = site
  return {
    title: account.name,
    language,
    signedIn,
    body: html`<h1>${words.isolate(account.name)}</h1>
    <p class="lead">${words.say('named', { name: shownName(account) })} <a href="${PATH}">${words.word('back_to_list')}</a></p>
    ${account.disabled ? html`<p class="note warn">${words.word('is_disabled')}</p>` : ''}
    ${outcome.secret ? madeSecret(outcome.secret, site) : ''}
    ${outcome.token ? madeToken(language, outcome.token, site.mcpUrl) : ''}
    <div class="card"><p>${words.word('may')}</p><ul>${account.scopes.map((scope) => html`<li>${scopeWord(scope, language)}</li>`)}</ul></div>
    ${credentials(words, language, account, { path: PATH, now, typed: outcome.typedKeys, fault: outcome.fault })}
    ${tokensOf(site, account, tokens, outcome, now)} ${ending(site, account)}`,
  }
}

const siteOf = ({ public_url }: Deps, signedIn: SignedInMember): Site => {
  const language = languageOf(signedIn.person.locale)
  return {
    signedIn,
    language,
    words: wordsOf(SERVICE_ACCOUNTS, language),
    mcpUrl: resourceOf(public_url),
    tokenUrl: `${public_url}${PATHS.token}`,
  }
}

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
  const rules = await deps.store.workspaces.accessRules(account.ws)
  const site = { ...siteOf(deps, signedIn), policy: rules?.token_policy }
  const page = accountPage(site, account, tokens, outcome, deps.clock.now())
  return send(c, page, formActionOf(outcome.fault))
}

/** Does something with the service account that the path names. */
const auditedOfService = <T>(
  c: Ctx,
  deps: Deps,
  signedIn: SignedInMember,
  action: AuditAction,
  work: () => Promise<T>,
  more: Readonly<Record<string, string>> = {},
): Promise<T> => {
  const target = { service_account_id: idOf(c), ...more }
  return auditedInWorkspace(c, deps, signedIn, { action, target }, work)
}

const create = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const form = await fieldsOf(c, KEYS_FORM_BYTES)
  const asked = { name: form.get('service_account_name') ?? '', scopes: form.getAll('scope') }
  const typed = { ...asked, ...keysTyped(form) }
  const make = () => makeServiceAccount(deps, callerFor(signedIn), typed)
  const target = { name: asked.name, scopes: asked.scopes.join(' ') }
  const made = ({ account }: Awaited<ReturnType<typeof make>>) => ({ service_account_id: account._id })
  const done = await attempt(() =>
    auditedInWorkspace(c, deps, signedIn, { action: 'service_account.made', target }, make, made),
  )
  if (!done.ok) return showList(c, deps, signedIn, { typed, fault: done.fault })
  const { account, secret } = done.value
  if (secret === undefined) return c.redirect(`${PATH}/${account._id}`, 303)
  return showList(c, deps, signedIn, { secret: { account, secret } })
}

const rotate = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const before = (await fieldsOf(c)).get('before') === 'overlaps' ? 'overlaps' : 'ends'
  const make = () => rotateSecret(deps, callerFor(signedIn), idOf(c), before)
  return showOne(c, deps, signedIn, {
    secret: await auditedOfService(c, deps, signedIn, 'client_secret.made', make, { before }),
  })
}

const useKeys = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const typedKeys = keysTyped(await fieldsOf(c, KEYS_FORM_BYTES))
  const set = () => setKeys(deps, callerFor(signedIn), idOf(c), typedKeys)
  const done = await attempt(() => auditedOfService(c, deps, signedIn, 'client_key.changed', set))
  if (!done.ok) return showOne(c, deps, signedIn, { typedKeys, fault: done.fault })
  return c.redirect(`${PATH}/${idOf(c)}`, 303)
}

const createToken = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const typedToken = tokenTyped(await fieldsOf(c))
  const make = () => makeServiceToken(deps, callerFor(signedIn), idOf(c), typedToken)
  const { name, expires_in_days: days } = typedToken
  const done = await attempt(() => auditedOfService(c, deps, signedIn, 'token.made', make, { name, days }))
  return showOne(c, deps, signedIn, done.ok ? { token: done.value } : { typedToken, fault: done.fault })
}

const rotateToken = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const tokenId = c.req.param('token') ?? ''
  const replace = () => rotateServiceToken(deps, callerFor(signedIn), idOf(c), tokenId)
  const token = await auditedOfService(c, deps, signedIn, 'token.rotated', replace, { token_id: tokenId })
  return showOne(c, deps, signedIn, { token })
}

const revoke = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const token_id = c.req.param('token') ?? ''
  const end = () => revokeServiceToken(deps, callerFor(signedIn), idOf(c), token_id)
  await auditedOfService(c, deps, signedIn, 'token.revoked', end, { token_id })
  return c.redirect(`${PATH}/${idOf(c)}`, 303)
}

const turn =
  (disabled: boolean) =>
  async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
    const set = () => setDisabled(deps, callerFor(signedIn), idOf(c), disabled)
    const action = disabled ? 'service_account.disabled' : 'service_account.enabled'
    await auditedOfService(c, deps, signedIn, action, set)
    return c.redirect(`${PATH}/${idOf(c)}`, 303)
  }

const remove = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const end = () => deleteServiceAccount(deps, callerFor(signedIn), idOf(c))
  await auditedOfService(c, deps, signedIn, 'service_account.removed', end)
  return c.redirect(PATH, 303)
}

/** The pages of service accounts and their forms. */
export const serviceAccountRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const inside = membersOnly(deps)
  routes.get(PATH, inside(showList))
  routes.post(PATH, inside(afterProof(create)))
  routes.get(`${PATH}/:id`, inside(showOne))
  routes.post(`${PATH}/:id/secret`, inside(afterProof(rotate)))
  routes.post(`${PATH}/:id/keys`, inside(afterProof(useKeys)))
  routes.post(`${PATH}/:id/tokens`, inside(afterProof(createToken)))
  routes.post(`${PATH}/:id/tokens/:token/rotate`, inside(afterProof(rotateToken)))
  routes.post(`${PATH}/:id/tokens/:token/revoke`, inside(revoke))
  routes.post(`${PATH}/:id/disable`, inside(turn(true)))
  routes.post(`${PATH}/:id/enable`, inside(turn(false)))
  routes.post(`${PATH}/:id/delete`, inside(remove))
}
