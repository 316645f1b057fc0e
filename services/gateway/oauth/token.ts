// POST /token and /revoke: issues tokens for codes, refresh tokens and service accounts, and revokes them (RFC 6749 §5, RFC 7009). Knows no
// HTTP but the form.

import type { Scope } from '../../../shared/contracts/define/common.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import { requestAccountMail } from '../accounts/account-mails.ts'
import { isActive, isConfirmed, isOfPassword, membershipUnder } from '../accounts/person-rules.ts'
import { revokePresented } from '../accounts/personal-tokens.ts'
import { claimsToBe } from '../accounts/token-format.ts'
import { commonScopes } from '../accounts/token-policy-rules.ts'
import { isDeleted } from '../accounts/workspace-deletion-rules.ts'
import type { Deps } from '../deps.ts'
import { field, repeats } from '../http/forms.ts'
import { authenticate, keepClient } from './clients.ts'
import { acceptEnterprise } from './enterprise.ts'
import { JWT_BEARER } from './enterprise-rules.ts'
import { isBlocked } from './governed-rules.ts'
import {
  accessLifetime,
  checkExchange,
  checkRefresh,
  checkResource,
  lifetime,
  refreshScopes,
  resourceOf,
  serviceGrant,
} from './grant-rules.ts'
import type { Client, Grant } from './model.ts'
import { allowed, type Ruled, refused } from './refusals.ts'
import { readAccessToken, readCode, readRefreshToken, refreshTokenOf, signAccessToken } from './tokens.ts'

/** A successful answer (RFC 6749 §5.1). */
export type Tokens = Readonly<{
  access_token: string
  token_type: 'Bearer'
  expires_in: number
  /** A service account gets none: it has its secret (RFC 6749 §4.4.3). */
  refresh_token?: string
  scope: string
}>

const issue = async (deps: Deps, grant: Grant, scopes: readonly Scope[]): Promise<Tokens> => {
  const now = deps.clock.now()
  const expires_at = accessLifetime(grant, now, deps.oauth.access_ms)
  const access = { scopes, jti: deps.ids.next(), now, expires_at }
  return {
    access_token: await signAccessToken(deps.keys, deps.public_url, grant, access),
    token_type: 'Bearer',
    expires_in: Math.floor((expires_at.getTime() - now.getTime()) / 1_000),
    scope: scopes.join(' '),
  }
}

const issueWithRefresh = async (deps: Deps, grant: Grant, scopes: readonly Scope[]): Promise<Tokens> => ({
  ...(await issue(deps, grant, scopes)),
  refresh_token: refreshTokenOf(deps.secrets, grant),
})

const targetOf = (deps: Deps, form: URLSearchParams): Ruled<string> => {
  const resources = form.getAll('resource').filter((value) => value !== '')
  return checkResource(resources, deps.public_url, 'target_foreign')
}

/**
 * Checks that the account may be used, that the person is still a member, with the same password as at consent, that their
 * workspace was not deleted, and that it has not blocked the client.
 */
const checkPerson = async ({ store }: Deps, grant: Grant): Promise<Ruled<Grant>> => {
  const rules = await store.workspaces.accessRules(grant.ws)
  if (isDeleted(rules)) return refused('workspace_deleted')
  if (isBlocked(rules, grant.client_id)) return refused('client_blocked')
  const person = await store.people.byId(grant.user_id)
  if (!person || !membershipUnder(grant, person)) return refused('person_left')
  if (!isActive(person)) return refused('person_deactivated')
  return isOfPassword(grant, person) ? allowed(grant) : refused('password_changed')
}

/** Tells a person by mail that an app was connected. If this is broken off, the app never gets its tokens. */
const tellOfApp = async (deps: Deps, { user_id, ws, client_name }: Grant): Promise<void> => {
  const [person, workspace] = await Promise.all([
    deps.store.people.byId(user_id),
    deps.store.workspaces.find(ws),
  ])
  // Before the address is confirmed, nothing but its confirmation is sent there.
  if (!person || !isConfirmed(person)) return
  await requestAccountMail(deps, person, 'app_connected', {
    facts: { app: client_name, workspace: workspace?.name ?? '' },
  })
}

const exchange = async (
  deps: Deps,
  client: Client,
  form: URLSearchParams,
  began: Date,
): Promise<Ruled<Tokens>> => {
  const { store, clock, ids, secrets, oauth } = deps
  const code = field(form, 'code')
  if (code === undefined) return refused('code_missing')
  const target = targetOf(deps, form)
  if (!target.ok) return target
  const grant_id = readCode(secrets, code)
  if (grant_id === undefined) return refused('code_unknown')
  const asked = {
    client_id: client._id,
    redirect_uri: field(form, 'redirect_uri'),
    verifier: field(form, 'code_verifier'),
    began,
  }
  const used = await untilSaved(async (): Promise<Ruled<Grant> | undefined> => {
    const ruled = checkExchange(await store.grants.find(grant_id), asked)
    if (!ruled.ok) return ruled
    const belongs = await checkPerson(deps, ruled.value)
    if (!belongs.ok) return belongs
    const now = clock.now()
    const grant = await store.grants.useCode(grant_id, {
      now,
      ...lifetime(ruled.value.ends_at, now, oauth.refresh_ms),
    })
    return grant ? allowed(grant) : undefined
  }, ids.random)
  if (!used.ok) {
    if (used.reason === 'code_replayed') await store.grants.revoke(grant_id, 'code_replayed', clock.now())
    return used
  }
  await keepClient(deps, used.value)
  await tellOfApp(deps, used.value)
  return allowed(await issueWithRefresh(deps, used.value, used.value.scopes))
}

const refresh = async (deps: Deps, client: Client, form: URLSearchParams): Promise<Ruled<Tokens>> => {
  const { store, clock, ids, secrets, oauth } = deps
  const token = field(form, 'refresh_token')
  if (token === undefined) return refused('refresh_token_missing')
  const target = targetOf(deps, form)
  if (!target.ok) return target
  const presented = readRefreshToken(secrets, token)
  if (!presented) return refused('refresh_token_unknown')
  const { grant_id, gen } = presented
  let scopes: Scope[] = []
  const current = await untilSaved(async (): Promise<Ruled<Grant> | undefined> => {
    const grant = await store.grants.find(grant_id)
    const now = clock.now()
    const ruled = checkRefresh(grant, { gen, client_id: client._id }, now, oauth.grace_ms)
    if (!ruled.ok) return ruled
    if (!grant) return refused('refresh_token_unknown')
    const belongs = await checkPerson(deps, grant)
    if (!belongs.ok) return belongs
    const narrowed = refreshScopes(grant.scopes, field(form, 'scope'))
    if (!narrowed.ok) return narrowed
    scopes = narrowed.value
    if (ruled.value === 'repeat') return allowed(grant)
    const rotated = await store.grants.rotate(grant_id, gen, {
      now,
      ...lifetime(grant.ends_at, now, oauth.refresh_ms),
    })
    return rotated ? allowed(rotated) : undefined
  }, ids.random)
  if (current.ok) return allowed(await issueWithRefresh(deps, current.value, scopes))
  if (current.reason === 'refresh_token_reused')
    await store.grants.revoke(grant_id, 'refresh_reused', clock.now())
  return current
}

/**
 * Gives a service account an access token (RFC 6749 §4.4). Its connection is the same each time, so what it holds stays its
 * own beyond the life of a token.
 */
const forServiceAccount = async (
  deps: Deps,
  client: Client,
  form: URLSearchParams,
): Promise<Ruled<Tokens>> => {
  const account = await deps.store.serviceAccounts.find(client._id)
  if (!account) return refused('client_credentials_not_allowed')
  const target = targetOf(deps, form)
  if (!target.ok) return target
  const rules = await deps.store.workspaces.accessRules(account.ws)
  if (isDeleted(rules)) return refused('workspace_deleted')
  const most = commonScopes(account.scopes, rules?.token_policy?.scopes)
  if (most.length === 0) return refused('beyond_policy')
  const scopes = refreshScopes(most, field(form, 'scope'))
  if (!scopes.ok) return scopes
  const grant = serviceGrant(account, target.value, deps.clock.now())
  await deps.store.grants.keep(grant)
  return allowed(await issue(deps, grant, scopes.value))
}

/** Gives a client an access token for a person whose identity provider allows it. */
const forEnterprise = async (
  deps: Deps,
  client: Client,
  form: URLSearchParams,
  address: string,
): Promise<Ruled<Tokens>> => {
  if (deps.oauth.enterprise_issuers.length === 0) return refused('grant_type_unsupported')
  const target = targetOf(deps, form)
  if (!target.ok) return target
  const accepted = await acceptEnterprise(deps, client, form, address)
  if (!accepted.ok) return accepted
  const { grant, scopes } = accepted.value
  await keepClient(deps, grant)
  return allowed(await issue(deps, grant, scopes))
}

/**
 * Answers the token endpoint.
 * @param address where the request came from.
 * @param began when the request arrived: distinguishes concurrent uses of a code from a replay.
 */
export const answerToken = async (
  deps: Deps,
  authorization: string | undefined,
  form: URLSearchParams,
  address: string,
  began: Date,
): Promise<Ruled<Tokens>> => {
  if (repeats(form, ['resource'])) return refused('form_repeats')
  const client = await authenticate(deps, authorization, form, address)
  if (!client.ok) return client
  switch (field(form, 'grant_type')) {
    case undefined:
      return refused('grant_type_missing')
    case 'authorization_code':
      return exchange(deps, client.value, form, began)
    case 'refresh_token':
      return refresh(deps, client.value, form)
    case 'client_credentials':
      return forServiceAccount(deps, client.value, form)
    case JWT_BEARER:
      return forEnterprise(deps, client.value, form, address)
    default:
      return refused('grant_type_unsupported')
  }
}

const revokeAccess = async (deps: Deps, client: Client, token: string): Promise<void> => {
  const { store, clock, keys, public_url: issuer } = deps
  const now = clock.now()
  const claims = await readAccessToken(keys, token, { issuer, resource: resourceOf(issuer), now })
  if (typeof claims === 'string' || claims.client_id !== client._id) return
  const ended = await store.grants.endToken(claims.grant, claims.jti, new Date(claims.exp * 1_000), now)
  if (!ended) await store.grants.revoke(claims.grant, 'revoked_by_client', now)
}

/**
 * Revokes a personal access token for whoever presents it; of any other kind, a token of the client: a refresh token together with its whole grant, an access token alone. A token that is unknown
 * or another client's gets the same answer and is left alone (RFC 7009 §2.1, §2.2).
 */
export const answerRevoke = async (
  deps: Deps,
  authorization: string | undefined,
  form: URLSearchParams,
  address: string,
): Promise<Ruled<true>> => {
  if (repeats(form)) return refused('form_repeats')
  const token = field(form, 'token')
  // It has no client that could authenticate, and whoever holds it may end it: a secret scanner that found it, for one.
  if (token !== undefined && claimsToBe('personal_token', token)) {
    await revokePresented(deps, token, address)
    return allowed(true)
  }
  const client = await authenticate(deps, authorization, form, address)
  if (!client.ok) return client
  if (token === undefined) return refused('token_missing')
  const presented = readRefreshToken(deps.secrets, token)
  if (!presented) await revokeAccess(deps, client.value, token)
  else {
    const grant = await deps.store.grants.find(presented.grant_id)
    if (grant?.client_id === client.value._id)
      await deps.store.grants.revoke(grant._id, 'revoked_by_client', deps.clock.now())
  }
  return allowed(true)
}
