// A person, and the rules for addresses, names and passwords. Pure; knows no storage and no page.

import type { OutboxEvent } from '../../../shared/contracts/define/cloud-event.ts'
import { LIMITS } from '../../../shared/contracts/define/common.ts'
import type { Role } from '../../../shared/contracts/define/contract.ts'
import type { AppError } from '../../../shared/contracts/define/errors.ts'
import { knownLanguage } from '../../../shared/contracts/define/language.ts'
import { toAddress } from '../../../shared/net/email-address.ts'
import { fieldFault, type Say } from '../translated-errors.ts'
import { COMMON_PASSWORDS } from './common-passwords.ts'

/** A person's membership of a workspace. It is part of the person's document, so joining is one write. */
export type Membership = {
  /** New each time a person joins: what was made under another id has ended. Absent in memberships older than ids. */
  id?: string
  workspace_id: string
  /** The name at joining. If a crash kept the workspace's document from being written, it is made from this. */
  workspace_name: string
  role: Role
  joined_at: Date
  /** When the role was last changed. */
  changed_at?: Date
}

/** Marks a membership whose workspace is not written yet, or whose invitation is not marked as accepted yet. */
export type Unfinished = { workspace_id: string; invitation_id?: string; at: Date }

/** An account at an identity provider: `sub` never changes and is of nobody else at `iss` (OpenID Connect Core §5.7). */
export type ProviderIdentity = { iss: string; sub: string; at: Date }

/** A person with an account. */
export type Person = {
  _id: string
  /** Version: in the filter of every write of the account itself. */
  v: number
  /** Normalised; unique. */
  email: string
  name: string
  /** argon2id in PHC form; null for a person who has no password and signs in in another way. */
  password_hash: string | null
  /** Counts new passwords and sign-outs everywhere. What was made under an earlier version has ended. Absent: 1. */
  password_version?: number
  /** Accounts at identity providers that sign this person in. Unique over all people. Absent when there are none. */
  identities?: ProviderIdentity[]
  memberships: Membership[]
  /**
   * Accepted invitations. Unique over all people, so that each is accepted once. Absent when there are none, since a unique
   * index treats an empty list as a value.
   */
  invitation_ids?: string[]
  /** Emptied as the documents beside the memberships are written; see unfinished.ts. */
  unsettled: Unfinished[]
  /** Events of the memberships until they are published. Absent: there was never one. */
  outbox?: readonly OutboxEvent[]
  /** The first account of this installation. Unique, so that one of two concurrent ones wins. */
  first?: true
  /** A BCP 47 tag: the browser's language at sign-up, later the person's choice. */
  locale: string
  /** An IANA name. Absent or null: that of the workspace in question. */
  time_zone?: string | null
  /** When the address was confirmed; null: not yet. Absent in accounts older than the confirmation of addresses. */
  confirmed_at?: Date | null
  /** Since when the account may not be used. Absent or null: it may. */
  deactivated_at?: Date | null
  /** While the account is being deleted: since when. Such a person counts as no owner. Absent or null: it is not. */
  leaving_at?: Date | null
  /** When the account was deleted: what is left keeps the id for what the person wrote. It never changes again. */
  deleted_at?: Date
  /** Only until everything beside a deleted account is erased. */
  erasing?: Erasing
  created_at: Date
}

/** What is still needed to erase what is kept beside a deleted account. */
export type Erasing = Readonly<{
  /** When to look at it next. */
  at: Date
  email: string
  workspace_ids: readonly string[]
}>

/** The workspaces that somebody is a member of. */
export const workspacesOf = ({
  memberships,
}: Readonly<{ memberships: readonly Readonly<Pick<Membership, 'workspace_id'>>[] }>): readonly string[] =>
  memberships.map(({ workspace_id }) => workspace_id)

/** The workspaces that somebody owns. */
export const ownedBy = ({ memberships }: Pick<Person, 'memberships'>): readonly string[] =>
  workspacesOf({ memberships: memberships.filter(({ role }) => role === 'owner') })

/** Whether the account was deleted. */
export const isFormer = ({ deleted_at }: Pick<Person, 'deleted_at'>): boolean => deleted_at !== undefined

/** The address of a deleted account. Nobody can have it: the domain does not exist (RFC 2606 §2). */
export const deletedAddress = (id: string): string => `${id.toLowerCase()}@deleted.invalid`

/** Whether the account may be used: to sign in, by what is connected to it, and to join a workspace. */
export const isActive = ({ deactivated_at }: Pick<Person, 'deactivated_at'>): boolean =>
  deactivated_at === undefined || deactivated_at === null

/**
 * Whether the address is known to be the person's own: they confirmed it, accepted an invitation that was sent there, or set
 * up the installation.
 */
export const isConfirmed = ({ confirmed_at, first, invitation_ids }: Person): boolean =>
  confirmed_at === undefined ? first === true || invitation_ids !== undefined : confirmed_at !== null

/** Who may sign in with a password, as the operator has set it. */
export type PasswordUse = 'on' | 'owners' | 'off'

/** Whether a person may sign in with a password. */
export const mayUsePassword = (use: PasswordUse, { memberships }: Pick<Person, 'memberships'>): boolean =>
  use === 'on' || (use === 'owners' && memberships.some(({ role }) => role === 'owner'))

/** The length of a password (characters). The minimum is that of OWASP ASVS 6.2.1; the maximum bounds the work of hashing. */
export const PASSWORD_CHARS = { min: 8, max: 256 } as const

/**
 * The form in which an address is stored and looked up: lower case, the domain in ASCII.
 * @returns undefined for what is no address that mail can be sent to.
 */
export const normalizeEmail = (typed: string): string | undefined =>
  toAddress(typed.trim().normalize('NFC').toLowerCase())

/** The refusal of an address that is none. */
export const emailFault = (): AppError => fieldFault('email', (words) => words.word('bad_email'))

/** A name without control and bidirectional formatting characters; undefined when nothing or too much is left. */
export const normalizeName = (typed: string): string | undefined => {
  const name = typed
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return name === '' || [...name].length > LIMITS.name_chars ? undefined : name
}

/** The form in which a password is hashed: the same however a keyboard composes accents. */
export const normalizePassword = (typed: string): string => typed.normalize('NFKC')

/** What is wrong with a new password; undefined when nothing is. */
export const passwordFault = (typed: string, email: string, name: string): AppError | undefined => {
  const password = normalizePassword(typed)
  const length = [...password].length
  const min = String(PASSWORD_CHARS.min)
  const max = String(PASSWORD_CHARS.max)
  const fault = (say: Say): AppError => fieldFault('password', say)
  if (length < PASSWORD_CHARS.min) return fault((words) => words.say('short_password', { min }))
  if (length > PASSWORD_CHARS.max) return fault((words) => words.say('long_password', { max }))
  const lower = password.toLowerCase()
  const isOneCharacter = new Set(lower).size === 1
  if (isOneCharacter || COMMON_PASSWORDS.has(lower)) return fault((words) => words.word('common_password'))
  if ([email, email.split('@')[0], name.toLowerCase()].includes(lower))
    return fault((words) => words.word('own_password'))
  return undefined
}

/**
 * Whether a session, grant or link was made under the person's present password version. A new password, or signing out
 * everywhere, is one write of the next version, and so ends all of them at once on every gateway.
 */
export const isOfPassword = (
  made: Readonly<{ password_version?: number }>,
  person: Pick<Person, 'password_version'>,
): boolean => (made.password_version ?? 1) === (person.password_version ?? 1)

/** The member that ties a session, grant or link to the person's password. */
export const passwordVersionOf = (
  person: Pick<Person, 'password_version'>,
): Readonly<{ password_version: number }> => ({ password_version: person.password_version ?? 1 })

/** The membership of a person in a workspace; undefined for none. */
export const membershipIn = (
  person: Pick<Person, 'memberships'>,
  workspaceId: string,
): Membership | undefined => person.memberships.find(({ workspace_id }) => workspace_id === workspaceId)

/** The membership under which a grant or invitation was made; undefined once it has ended, even if the person came back. */
export const membershipUnder = (
  made: Readonly<{ ws: string; membership_id?: string }>,
  person: Pick<Person, 'memberships'>,
): Membership | undefined => {
  const present = membershipIn(person, made.ws)
  return present?.id === made.membership_id ? present : undefined
}

/** The member that ties a grant or invitation to a membership. */
export const membershipIdOf = ({ id }: Pick<Membership, 'id'>): Readonly<{ membership_id?: string }> =>
  id === undefined ? {} : { membership_id: id }

/**
 * What joining a workspace adds to an account. By an invitation it also confirms the address, to which that was sent; without
 * one the workspace is new, and its document is yet to be written.
 */
export const joining = (membership: Membership, invitation_id: string | undefined) => {
  const { workspace_id, joined_at } = membership
  const $push = { memberships: membership, unsettled: { workspace_id, invitation_id, at: joined_at } }
  if (invitation_id === undefined) return { $push }
  return { $push: { ...$push, invitation_ids: invitation_id }, $set: { confirmed_at: joined_at } }
}

const LANGUAGE_TAG = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/

/** How many languages of a browser are read; none names as many. */
const MAX_LANGUAGES = 50

/**
 * The tags of an Accept-Language header, most preferred first (RFC 9110 §12.5.4). hono/language knows only a closed list of
 * tags; an account keeps any tag, with its region.
 */
const preferredLanguages = (header: string): string[] =>
  header
    .split(',', MAX_LANGUAGES)
    .map((range) => {
      const [tag = '', weight] = range.split(';').map((part) => part.trim())
      return { tag, weight: weight?.startsWith('q=') ? Number(weight.slice(2)) : 1 }
    })
    .filter(({ tag, weight }) => weight > 0 && LANGUAGE_TAG.test(tag))
    .toSorted((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag)

/** The most preferred language of a browser that mails are written in; else the most preferred one, or English. */
export const localeOf = (acceptLanguage: string | undefined): string => {
  const preferred = preferredLanguages(acceptLanguage ?? '')
  return preferred.find((tag) => knownLanguage(tag)) ?? preferred[0] ?? 'en'
}

/** The language and time zone in which somebody reads. */
type Reading = Readonly<{ locale: string; time_zone: string }>

/** A person's language and time zone; without one of their own, the time zone of the workspace. */
export const readingOf = (
  { locale, time_zone }: Pick<Person, 'locale' | 'time_zone'>,
  workspace: Readonly<{ time_zone: string }> | null,
): Reading => ({ locale, time_zone: time_zone ?? workspace?.time_zone ?? 'UTC' })
