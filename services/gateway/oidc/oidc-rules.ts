// What the claims of an ID token mean here: whose they are, and which account and role they give.
import type { Role } from '../../../shared/contracts/define/contract.ts'
import type { GroupRole } from '../../../shared/process/oidc-variables.ts'
import { provesSecondFactor } from '../accounts/factor-rules.ts'
import { normalizeEmail, normalizeName } from '../accounts/person-rules.ts'
import type { OidcSettings } from './settings.ts'

/** Why somebody is not signed in; each has a page with a sentence that says what to do next. */
export const OIDC_REFUSALS = [
  // The way back from the provider.
  'unknown_provider',
  'state',
  'issuer',
  'declined',
  'provider_error',
  'provider_away',
  'token',
  // What the provider says of the person.
  'claims',
  'too_many_groups',
  'unverified',
  'domain',
  'no_invitation',
  'not_set_up',
  // The account here.
  'of_another',
  'link_over',
  'other_browser',
  'deactivated',
] as const
export type OidcRefusal = (typeof OIDC_REFUSALS)[number]

/** The most groups that are read; more is refused, since a role must not depend on which of them come first. */
export const MAX_GROUPS = 1_000
/** The longest `sub` (OpenID Connect Core §2). */
const SUB_CHARS = 255
const SID_CHARS = 255

/** What a provider says of a person. */
export type Identity = Readonly<{
  iss: string
  sub: string
  /** The session at the provider, which a logout token may name. */
  sid: string | undefined
  /** The person's address, only if the provider has verified it. */
  email: string | undefined
  name: string | undefined
  groups: readonly string[]
  /** Whether the provider asked for two factors. */
  second_factor: boolean
}>

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const idOf = (value: unknown, max: number): string | undefined => {
  const id = text(value)
  return id !== undefined && id !== '' && id.length <= max ? id : undefined
}

/** The groups of a claim: a list of texts, or one text. Anything else counts as none. */
export const groupsOf = (claim: unknown): readonly string[] | 'too_many_groups' => {
  if (typeof claim === 'string') return [claim]
  if (!Array.isArray(claim)) return []
  if (claim.length > MAX_GROUPS) return 'too_many_groups'
  return claim.filter((one): one is string => typeof one === 'string')
}

/** Reads the claims of a verified ID token. Only `true` means that an address is verified. */
export const identityOf = (
  claims: Readonly<Record<string, unknown>>,
  { groups_claim }: Pick<OidcSettings, 'groups_claim'>,
): Identity | 'claims' | 'too_many_groups' => {
  const iss = text(claims.iss)
  const sub = idOf(claims.sub, SUB_CHARS)
  if (iss === undefined || sub === undefined) return 'claims'
  const groups = groupsOf(claims[groups_claim])
  if (groups === 'too_many_groups') return groups
  const email = claims.email_verified === true ? normalizeEmail(text(claims.email) ?? '') : undefined
  const name = normalizeName((text(claims.name) ?? '').slice(0, 1_000))
  return {
    iss,
    sub,
    sid: idOf(claims.sid, SID_CHARS),
    email,
    name,
    groups,
    second_factor: provesSecondFactor(claims),
  }
}

/** Whether the provider may make an account for an address. */
export const isAllowedDomain = (
  email: string,
  { allowed_domains }: Pick<OidcSettings, 'allowed_domains'>,
): boolean => allowed_domains?.includes(email.slice(email.lastIndexOf('@') + 1)) ?? true

const RANK: readonly Role[] = ['viewer', 'member', 'admin', 'owner']

/** The highest role that groups give; undefined where none of them is named. */
export const roleOfGroups = (groups: readonly string[], roles: readonly GroupRole[]): Role | undefined => {
  const has = new Set(groups)
  const given = roles.filter(({ group }) => group === '*' || has.has(group))
  return RANK.findLast((role) => given.some((one) => one.role === role))
}

/**
 * The role that a member gets at a sign-in; undefined: the present one stays. Nobody loses their role for being in no named
 * group, and owners are left alone unless a group is named for owners.
 */
export const syncedRole = (
  before: Role,
  { groups }: Pick<Identity, 'groups'>,
  { roles, role_sync }: Pick<OidcSettings, 'roles' | 'role_sync'>,
): Role | undefined => {
  const role = role_sync ? roleOfGroups(groups, roles) : undefined
  const namesOwners = roles.some((one) => one.role === 'owner')
  if (role === undefined || role === before || (before === 'owner' && !namesOwners)) return undefined
  return role
}

/** The name of a new account: what the provider says, else the part of the address before the `@`. */
export const nameOf = ({ name, email }: Pick<Identity, 'name' | 'email'>): string =>
  name ?? email?.split('@')[0] ?? ''

/** How a new account comes about: by an invitation, by its domain, or not. */
export type SignUpDecision =
  | Readonly<{ by: 'invitation' }>
  | Readonly<{ by: 'domain' }>
  | Readonly<{ by: null; reason: OidcRefusal }>

/** Decides whether the provider may make an account. @param facts whether there is an account at all, and an open invitation */
export const decideSignUp = (
  { email }: Pick<Identity, 'email'>,
  settings: Pick<OidcSettings, 'sign_up' | 'allowed_domains'>,
  facts: Readonly<{ isNew: boolean; isInvited: boolean }>,
): SignUpDecision => {
  if (facts.isNew) return { by: null, reason: 'not_set_up' }
  if (email === undefined) return { by: null, reason: 'unverified' }
  if (!isAllowedDomain(email, settings)) return { by: null, reason: 'domain' }
  if (facts.isInvited) return { by: 'invitation' }
  return settings.sign_up === 'allowed' ? { by: 'domain' } : { by: null, reason: 'no_invitation' }
}
