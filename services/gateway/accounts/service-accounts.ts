// What owners and admins do with service accounts. One write of the account's own document each.
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { notFound } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { sha256 } from '../secrets.ts'
import { translatedError } from '../translated-errors.ts'
import { credentialFault } from './credential-words.ts'
import { TOKENS_PER_HOLDER, type TokenTyped } from './personal-token-rules.ts'
import { type MadeToken, makeToken, revokeToken, rotateToken } from './personal-tokens.ts'
import {
  createServiceAccount,
  holderOfService,
  requireManager,
  SERVICE_ACCOUNTS_PER_WORKSPACE,
  type ServiceAccount,
  serviceMembership,
  withKeys,
  withNewSecret,
  withSecretBeside,
} from './service-account-rules.ts'
import { type KeysTyped, readServiceKeys } from './service-key-rules.ts'
import { formatSecret } from './token-format.ts'

/** A service account with a client secret that nobody can see again. */
export type MadeSecret = Readonly<{ account: ServiceAccount; secret: string }>

/** A service account that was made: with a secret that nobody can see again, or with keys of its own. */
export type MadeAccount = Readonly<{ account: ServiceAccount; secret: string | undefined }>

type Parts = Pick<Deps, 'store' | 'ids' | 'clock'>
type KeyParts = Parts & Pick<Deps, 'oauth'>

/**
 * A service account of the caller's workspace.
 * @throws AppError `forbidden`; `not_found`, also for one of another workspace.
 */
export const loadServiceAccount = async (
  { store }: Pick<Deps, 'store'>,
  caller: Caller,
  id: string,
): Promise<ServiceAccount> => {
  requireManager(caller)
  const account = await store.serviceAccounts.find(id)
  if (account?.ws !== caller.workspace_id) throw notFound('service_account', id)
  return account
}

/**
 * Makes a service account, with its client secret or with the keys that were entered.
 * @throws AppError `forbidden`, `invalid_argument`, `already_exists`, `limit_exceeded`.
 */
export const makeServiceAccount = async (
  { store, ids, clock, oauth }: KeyParts,
  caller: Caller,
  typed: Readonly<{ name: string; scopes: readonly string[] }> & KeysTyped,
): Promise<MadeAccount> => {
  const keys = readServiceKeys(typed, oauth.loopback_documents)
  const secret = keys ? undefined : formatSecret('client_secret', ids.token())
  const secret_hash = secret === undefined ? '' : sha256(secret)
  const made = { id: ids.next(), secret_hash, keys, now: clock.now() }
  const rules = await store.workspaces.accessRules(caller.workspace_id)
  const account = createServiceAccount(typed, caller, made, rules?.token_policy)
  // Of several made at the same moment a few may go beyond the limit, which is only there to keep the list readable.
  const present = await store.serviceAccounts.list(account.ws, SERVICE_ACCOUNTS_PER_WORKSPACE)
  if (present.length >= SERVICE_ACCOUNTS_PER_WORKSPACE)
    throw translatedError('limit_exceeded', (words) =>
      words.say('too_many_accounts', { max: String(SERVICE_ACCOUNTS_PER_WORKSPACE) }),
    )
  if (!(await store.serviceAccounts.insert(account)))
    throw translatedError('already_exists', (words) => words.word('account_name_taken'), {
      details: { field: 'service_account_name' },
    })
  return { account, secret }
}

const change = (
  deps: Parts,
  caller: Caller,
  id: string,
  next: (account: ServiceAccount) => ServiceAccount,
): Promise<ServiceAccount> =>
  untilSaved(async () => {
    const before = await loadServiceAccount(deps, caller, id)
    const after = next(before)
    return (await deps.store.serviceAccounts.save(before, after)) ? after : undefined
  }, deps.ids.random)

/**
 * Makes a new client secret. The one before ends at once with every access token that was got with it, or works for another day.
 * @throws AppError `forbidden`, `not_found`.
 */
export const rotateSecret = async (
  deps: Parts,
  caller: Caller,
  id: string,
  before: 'ends' | 'overlaps',
): Promise<MadeSecret> => {
  const secret = formatSecret('client_secret', deps.ids.token())
  const now = deps.clock.now()
  const renewed = before === 'ends' ? withNewSecret : withSecretBeside
  const account = await change(deps, caller, id, (present) => renewed(present, sha256(secret), now))
  return { account, secret }
}

/**
 * Gives the account keys instead of its secret or its keys before. Every access token that was got with those ends.
 * @throws AppError `forbidden`, `not_found`, `invalid_argument` with the field.
 */
export const setKeys = async (
  deps: KeyParts,
  caller: Caller,
  id: string,
  typed: KeysTyped,
): Promise<void> => {
  await loadServiceAccount(deps, caller, id)
  const keys = readServiceKeys(typed, deps.oauth.loopback_documents)
  if (!keys) throw credentialFault('jwks', (words) => words.word('no_keys'))
  await change(deps, caller, id, (before) => withKeys(before, keys, deps.clock.now()))
}

/**
 * Stops everything that works in the account's name, or lets it go on.
 * @throws AppError `forbidden`, `not_found`.
 */
export const setDisabled = async (
  deps: Parts,
  caller: Caller,
  id: string,
  disabled: boolean,
): Promise<void> => {
  await change(deps, caller, id, (before) => ({ ...before, disabled }))
}

/**
 * Deletes a service account. That alone ends its tokens; their documents go with it, or, after a crash, once they expire.
 * @throws AppError `forbidden`, `not_found`.
 */
export const deleteServiceAccount = async (deps: Parts, caller: Caller, id: string): Promise<void> => {
  const { store } = deps
  const account = await loadServiceAccount(deps, caller, id)
  if (!(await store.serviceAccounts.remove(account.ws, id))) throw notFound('service_account', id)
  await store.personalTokens.removeAll(id)
}

/**
 * Makes a token of a service account. It allows what the account does.
 * @throws AppError as makeToken does; `forbidden`, `not_found`.
 */
export const makeServiceToken = async (
  deps: Parts,
  caller: Caller,
  id: string,
  typed: Omit<TokenTyped, 'scopes'>,
): Promise<MadeToken> => {
  const account = await loadServiceAccount(deps, caller, id)
  const { scopes } = account
  return makeToken(deps, holderOfService(account), serviceMembership(account), { ...typed, scopes })
}

/**
 * Replaces a token of a service account; see rotateToken.
 * @throws AppError as rotateToken does; `forbidden`, `not_found`.
 */
export const rotateServiceToken = async (
  deps: Parts,
  caller: Caller,
  id: string,
  tokenId: string,
): Promise<MadeToken> =>
  rotateToken(deps, holderOfService(await loadServiceAccount(deps, caller, id)), tokenId)

/** The tokens of a service account, newest first. */
export const listServiceTokens = ({ store }: Pick<Deps, 'store'>, { _id }: ServiceAccount) =>
  store.personalTokens.list(_id, TOKENS_PER_HOLDER)

/**
 * Revokes a token of a service account.
 * @throws AppError `forbidden`, `not_found`.
 */
export const revokeServiceToken = async (
  deps: Parts,
  caller: Caller,
  id: string,
  tokenId: string,
): Promise<void> => {
  const { _id } = await loadServiceAccount(deps, caller, id)
  await revokeToken(deps, _id, tokenId)
}
