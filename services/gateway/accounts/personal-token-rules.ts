// Personal access tokens: what one may do, and for how long. Pure; knows no storage and no page.

import { roleWord } from '../../../shared/contracts/define/access-words.ts'
import { ALL_SCOPES, type Scope } from '../../../shared/contracts/define/common.ts'
import { effectiveScopes, includesScope, scopesOfRole } from '../../../shared/contracts/define/scopes.ts'
import { fieldFault } from '../translated-errors.ts'
import { readMaxClaims } from './claim-limit-rules.ts'
import {
  isActive,
  isOfPassword,
  type Membership,
  membershipIdOf,
  membershipUnder,
  normalizeName,
  type Person,
  passwordVersionOf,
} from './person-rules.ts'
import { requireWithin, type TokenPolicy } from './token-policy-rules.ts'

/** Whom a token acts for: a person, or a service account in the same form. */
export type Holder = Pick<Person, '_id' | 'name' | 'memberships' | 'password_version' | 'deactivated_at'> &
  Readonly<{
    /** Only for a service account: counts its secrets. What was got with an earlier one has ended. */
    secret_version?: number
  }>

/** A bearer token that somebody made for a program. It works in one workspace. */
export type PersonalToken = {
  /** Also the id of the connection that it is. */
  _id: string
  /** SHA-256 of the token. */
  hash: string
  /** Its last characters, by which its holder recognizes it. */
  ending: string
  /** Unique among the holder's tokens of the workspace; the name of the client. */
  name: string
  user_id: string
  /** The holder's password version when it was made: with another one it has ended. */
  password_version: number
  /** The workspace. */
  ws: string
  /** The membership under which it was made; see Membership. */
  membership_id?: string
  scopes: Scope[]
  /** How many claims it may have at once; absent: as many as its workspace says. */
  max_claims?: number
  /** The day of its last use (YYYY-MM-DD). */
  last_used_on: string | null
  /** The token before, while it still works. Absent or null: none. */
  old?: Readonly<{ hash: string; until: Date }> | null
  /** When somebody was told that it ends soon, or it was found that nobody needs to be. Absent or null: not yet. */
  warned_at?: Date | null
  /** When it was made or last replaced. */
  created_at: Date
  expires_at: Date
  /** When the document of an expired token is deleted. */
  purge_at: Date
}

const DAY_MS = 24 * 60 * 60_000
/** How long an expired token is still shown, so that its holder sees why a program stopped (ms). */
const PURGE_MS = 30 * DAY_MS
/** Tokens that a person or service account may have at once in a workspace. */
export const TOKENS_PER_HOLDER = 50
/** For how many days a token may work. */
export const TOKEN_DAYS = [7, 30, 90, 365] as const
export const TOKEN_DAYS_DEFAULT = 90
const ENDING_CHARS = 4

/** How long before its end somebody is told of it (ms). */
export const WARN_BEFORE_MS = 7 * DAY_MS
/** Whoever makes a token for less time than this knows when it ends (ms). */
const WARNED_FROM_MS = 14 * DAY_MS

/** Whether somebody is told that a token ends soon. */
export const warnsOfEnd = ({
  created_at,
  expires_at,
}: Pick<PersonalToken, 'created_at' | 'expires_at'>): boolean =>
  expires_at.getTime() - created_at.getTime() >= WARNED_FROM_MS

/** What somebody enters to make a token. */
export type TokenTyped = Readonly<{
  name: string
  scopes: readonly string[]
  expires_in_days: string
  /** Absent or empty: none of its own. */
  max_claims?: string
}>

/** The scopes of a list that exist, in their order. */
export const knownScopes = (names: readonly string[]): Scope[] =>
  ALL_SCOPES.filter((scope) => names.includes(scope))

/**
 * A new token of a member.
 * @throws AppError `invalid_argument` with the field.
 */
export const createToken = (
  typed: TokenTyped,
  holder: Holder,
  membership: Membership,
  made: Readonly<{ id: string; secret: string; hash: string; now: Date }>,
  policy?: TokenPolicy,
): PersonalToken => {
  const name = normalizeName(typed.name)
  if (!name) throw fieldFault('token_name', (words) => words.word('no_token_name'))
  const scopes = knownScopes(typed.scopes)
  if (scopes.length === 0) throw fieldFault('scope', (words) => words.word('no_token_scope'))
  const allowed = scopesOfRole(membership.role)
  if (!scopes.every((scope) => includesScope(allowed, scope)))
    throw fieldFault('scope', (words, language) =>
      words.say('token_beyond_role', { role: roleWord(membership.role, language) }),
    )
  const days = TOKEN_DAYS.find((one) => String(one) === typed.expires_in_days)
  if (days === undefined) throw fieldFault('expires_in_days', (words) => words.word('token_days'))
  requireWithin(policy, { of: kindOf(holder), scopes, days })
  const max_claims = readMaxClaims(typed.max_claims)
  const expires = made.now.getTime() + days * DAY_MS
  return {
    _id: made.id,
    hash: made.hash,
    ending: made.secret.slice(-ENDING_CHARS),
    name,
    user_id: holder._id,
    ...passwordVersionOf(holder),
    ws: membership.workspace_id,
    ...membershipIdOf(membership),
    scopes,
    ...(max_claims === undefined ? {} : { max_claims }),
    last_used_on: null,
    created_at: made.now,
    expires_at: new Date(expires),
    purge_at: new Date(expires + PURGE_MS),
  }
}

/** Whose a credential is, as the policy of a workspace has it. */
export const kindOf = ({ secret_version }: Pick<Holder, 'secret_version'>): 'person' | 'service' =>
  secret_version === undefined ? 'person' : 'service'

/** How long a secret or token still works after it was replaced with overlap (ms). */
export const OVERLAP_MS = DAY_MS

/** Whether a token's text has this hash: its own, or that of the one before while it works. */
export const isOfToken = ({ hash, old }: PersonalToken, presented: string, now: Date): boolean =>
  presented === hash || (old?.hash === presented && old.until > now)

/**
 * The token with a new text. It stays the same connection and works for as long again, if the policy allows it; the text
 * before works for another day, and never longer than it would have.
 * @throws AppError `forbidden` where people may have no tokens.
 */
export const replaceToken = (
  token: PersonalToken,
  holder: Holder,
  made: Readonly<{ secret: string; hash: string; now: Date }>,
  policy: TokenPolicy = {},
): PersonalToken => {
  requireWithin(policy, { of: kindOf(holder), scopes: [], days: undefined })
  const given_ms = token.expires_at.getTime() - token.created_at.getTime()
  const expires =
    made.now.getTime() + Math.min(given_ms, (policy.max_days ?? Number.POSITIVE_INFINITY) * DAY_MS)
  const until = Math.min(made.now.getTime() + OVERLAP_MS, token.expires_at.getTime())
  return {
    ...token,
    hash: made.hash,
    ending: made.secret.slice(-ENDING_CHARS),
    old: { hash: token.hash, until: new Date(until) },
    warned_at: null,
    created_at: made.now,
    expires_at: new Date(expires),
    purge_at: new Date(expires + PURGE_MS),
  }
}

/** Why a token does not work. */
export type TokenRefusal = 'expired' | 'not_a_member' | 'password_changed'

/** What a token allows at `now`, given its holder as they are now; or why it does not work. */
export const judgeToken = (
  token: PersonalToken,
  holder: Holder | null,
  now: Date,
):
  | Readonly<{ ok: true; scopes: Scope[]; membership: Membership; holder: Holder }>
  | Readonly<{ ok: false; reason: TokenRefusal }> => {
  if (token.expires_at <= now) return { ok: false, reason: 'expired' }
  const membership = holder ? membershipUnder(token, holder) : undefined
  if (!holder || !membership) return { ok: false, reason: 'not_a_member' }
  // Whoever is deactivated has a new password version too; this holds also for what was made since.
  if (!isActive(holder) || !isOfPassword(token, holder)) return { ok: false, reason: 'password_changed' }
  return { ok: true, scopes: effectiveScopes(token.scopes, membership.role), membership, holder }
}
