// Service accounts: members of a workspace that are no person, for programs that run on their own. Pure.
import type { Actor, Scope } from '../../../shared/contracts/define/common.ts'
import { actorOf, type Caller, type Role } from '../../../shared/contracts/define/contract.ts'
import { includesScope } from '../../../shared/contracts/define/scopes.ts'
import { fieldFault, translatedError } from '../translated-errors.ts'
import { type Membership, normalizeName } from './person-rules.ts'
import { type Holder, knownScopes, OVERLAP_MS } from './personal-token-rules.ts'
import type { ServiceKeys } from './service-key-rules.ts'
import { requireWithin, type TokenPolicy } from './token-policy-rules.ts'
import { manages } from './workspace-rules.ts'

/**
 * An account without sign-in and mailbox. It is in a collection of its own, so whatever goes through the members of a
 * workspace (counts, mails, invitations, owners) cannot meet it.
 */
export type ServiceAccount = {
  /** Also the client_id of its OAuth client, and the id of that client's connection. */
  _id: string
  /** The workspace. */
  ws: string
  /** Version: in the filter of every write. */
  v: number
  /** Unique in its workspace. */
  name: string
  /** What it and its tokens may do at most. Its role follows from it. */
  scopes: Scope[]
  /** SHA-256 of its client secret; empty where it proves who it is with keys. */
  secret_hash: string
  /** Counts its secrets: a new one ends all that was got with the one before. */
  secret_version: number
  secret_made_at: Date
  /** The secret before, while it still works. Absent or null: none. */
  old_secret?: Readonly<{ hash: string; until: Date }> | null
  /** The public keys that it has instead of a secret. Absent or null: none. */
  keys?: ServiceKeys | null
  disabled: boolean
  created_by: Actor
  created_at: Date
}

/** Service accounts that a workspace may have. */
export const SERVICE_ACCOUNTS_PER_WORKSPACE = 50

/** The role of a service account: never one that manages. */
export const serviceRoleOf = ({ scopes }: Pick<ServiceAccount, 'scopes'>): Role =>
  includesScope(scopes, 'loops:write') || includesScope(scopes, 'loops:approve') ? 'member' : 'viewer'

/** Its name as authors are named, so that everybody sees that it is no person. */
export const shownName = ({ name }: Pick<ServiceAccount, 'name'>): string => `${name} (service account)`

/** The membership of a service account in its workspace. */
export const serviceMembership = (account: ServiceAccount): Membership => ({
  id: account._id,
  workspace_id: account.ws,
  workspace_name: '',
  role: serviceRoleOf(account),
  joined_at: account.created_at,
})

/** A service account as somebody whom tokens act for; a disabled one belongs nowhere. */
export const holderOfService = (account: ServiceAccount): Holder => ({
  _id: account._id,
  name: shownName(account),
  memberships: account.disabled ? [] : [serviceMembership(account)],
  secret_version: account.secret_version,
})

/** @throws AppError `forbidden` for a role that does not manage the workspace. */
export const requireManager = ({ role }: Pick<Caller, 'role'>): void => {
  if (!manages(role)) throw translatedError('forbidden', (words) => words.word('only_managers_of_accounts'))
}

/**
 * A new service account.
 * @throws AppError `forbidden`, `invalid_argument` with the field.
 */
export const createServiceAccount = (
  typed: Readonly<{ name: string; scopes: readonly string[] }>,
  caller: Caller,
  made: Readonly<{ id: string; secret_hash: string; keys?: ServiceKeys | undefined; now: Date }>,
  policy?: TokenPolicy,
): ServiceAccount => {
  requireManager(caller)
  const name = normalizeName(typed.name)
  if (!name) throw fieldFault('service_account_name', (words) => words.word('no_account_name'))
  const scopes = knownScopes(typed.scopes)
  if (scopes.length === 0) throw fieldFault('scope', (words) => words.word('no_account_scope'))
  requireWithin(policy, { of: 'service', scopes, days: undefined })
  return {
    _id: made.id,
    ws: caller.workspace_id,
    v: 1,
    name,
    scopes,
    secret_hash: made.secret_hash,
    secret_version: 1,
    secret_made_at: made.now,
    keys: made.keys ?? null,
    disabled: false,
    created_by: actorOf(caller),
    created_at: made.now,
  }
}

/** The account with a new client secret. The old one ends, and every access token that was got with it. */
export const withNewSecret = (account: ServiceAccount, secret_hash: string, now: Date): ServiceAccount => ({
  ...account,
  secret_hash,
  secret_version: account.secret_version + 1,
  secret_made_at: now,
  old_secret: null,
  keys: null,
})

/** The account with a new client secret beside the old one, which goes on for a day; what was got with it goes on too. */
export const withSecretBeside = (account: ServiceAccount, secret_hash: string, now: Date): ServiceAccount =>
  account.keys
    ? withNewSecret(account, secret_hash, now)
    : {
        ...account,
        secret_hash,
        secret_made_at: now,
        old_secret: { hash: account.secret_hash, until: new Date(now.getTime() + OVERLAP_MS) },
      }

/** The account with these keys instead of its secret or its keys before; what was got with those has ended. */
export const withKeys = (account: ServiceAccount, keys: ServiceKeys, now: Date): ServiceAccount => ({
  ...withNewSecret(account, '', now),
  keys,
})
