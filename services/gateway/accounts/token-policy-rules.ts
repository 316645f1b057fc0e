// What a workspace allows of tokens and service accounts at most, and which clients it lets in. Pure.
import { ALL_SCOPES, type Scope } from '../../../shared/contracts/define/common.ts'
import { includesScope } from '../../../shared/contracts/define/scopes.ts'
import { credentialFault, forbiddenCredential } from './credential-words.ts'

/** What an owner has set; an absent member bounds nothing. */
export type TokenPolicy = Readonly<{
  /** For how many days a bearer token may work. */
  max_days?: number
  /** What bearer tokens and service accounts may do at most. */
  scopes?: readonly Scope[]
  /** Only `false`: people may have no tokens of their own; service accounts may. */
  personal?: false
}>

/** A client that may not work in the workspace. */
export type BlockedClient = Readonly<{
  client_id: string
  name: string
  at: Date
  by: Readonly<{ user_id: string; name: string; client: string }>
}>

/** What a credential is to the policy: whose it is, and since when it works (null: it is short-lived by itself). */
export type Credential = Readonly<{ of: 'person' | 'service'; since: Date | null }>

const DAY_MS = 24 * 60 * 60_000
/** The choices for how long a token may work. */
export const POLICY_DAYS = [7, 30, 90, 365] as const

/** The scopes that both lists allow. */
export const commonScopes = (one: readonly Scope[], other: readonly Scope[] | undefined): Scope[] =>
  other === undefined
    ? [...one]
    : ALL_SCOPES.filter((scope) => includesScope(one, scope) && includesScope(other, scope))

/** When a credential stops by the policy; undefined: never. */
const endOf = ({ max_days }: TokenPolicy, { since }: Credential): Date | undefined =>
  max_days === undefined || since === null ? undefined : new Date(since.getTime() + max_days * DAY_MS)

/**
 * What the policy leaves of a credential that is there already. Its scopes are cut; one that is too old, of nobody who may have
 * one, or left with nothing does not work. All of it holds from the moment at which the policy is set.
 * @returns until when it works, or `beyond`.
 */
export const underPolicy = (
  policy: TokenPolicy | undefined,
  credential: Credential,
  scopes: readonly Scope[],
  now: Date,
): Readonly<{ scopes: Scope[]; until: Date | undefined }> | 'beyond' => {
  if (!policy) return { scopes: [...scopes], until: undefined }
  if (policy.personal === false && credential.of === 'person') return 'beyond'
  const until = endOf(policy, credential)
  const left = commonScopes(scopes, policy.scopes)
  return (until && until <= now) || left.length === 0 ? 'beyond' : { scopes: left, until }
}

/**
 * Refuses a new token or service account that goes beyond the policy.
 * @param asked `days`: how long it is to work; undefined for a service account.
 * @throws AppError `forbidden`, `invalid_argument` with the field.
 */
export const requireWithin = (
  policy: TokenPolicy | undefined,
  asked: Readonly<{ of: Credential['of']; scopes: readonly Scope[]; days: number | undefined }>,
): void => {
  if (!policy) return
  if (policy.personal === false && asked.of === 'person')
    throw forbiddenCredential((words) => words.word('no_personal_tokens'))
  const { max_days, scopes } = policy
  if (asked.days !== undefined && max_days !== undefined && asked.days > max_days)
    throw credentialFault('expires_in_days', (words) =>
      words.say('days_beyond_policy', { max: String(max_days) }),
    )
  if (scopes && !asked.scopes.every((scope) => includesScope(scopes, scope)))
    throw credentialFault('scope', (words) => words.word('scopes_beyond_policy'))
}

/** What somebody enters as the policy. */
export type PolicyTyped = Readonly<{ max_days: string; scopes: readonly string[]; personal: string }>

/**
 * The policy that somebody entered.
 * @throws AppError `invalid_argument` with the field.
 */
export const readPolicy = ({ max_days, scopes, personal }: PolicyTyped): TokenPolicy => {
  const days = POLICY_DAYS.find((one) => String(one) === max_days)
  if (days === undefined) throw credentialFault('max_days', (words) => words.word('policy_days'))
  const known = ALL_SCOPES.filter((scope) => scopes.includes(scope))
  if (known.length === 0) throw credentialFault('scope', (words) => words.word('policy_scopes'))
  const isAll = ALL_SCOPES.every((scope) => includesScope(known, scope))
  return {
    ...(days === 365 ? {} : { max_days: days }),
    ...(isAll ? {} : { scopes: known }),
    ...(personal === 'no' ? { personal: false as const } : {}),
  }
}

/** Whether two policies allow the same. */
export const samePolicy = (one: TokenPolicy = {}, other: TokenPolicy = {}): boolean =>
  one.max_days === other.max_days &&
  one.personal === other.personal &&
  one.scopes?.join(' ') === other.scopes?.join(' ')
