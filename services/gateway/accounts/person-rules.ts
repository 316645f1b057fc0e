// A person and what may be typed about one: addresses, names, passwords. Pure; knows no storage and no page.
import type { OutboxEvent } from '../../../shared/contracts/define/cloud-event.ts'
import { LIMITS } from '../../../shared/contracts/define/common.ts'
import type { Role } from '../../../shared/contracts/define/contract.ts'
import { knownLanguage } from '../../../shared/contracts/define/language.ts'
import { toAddress } from '../../../shared/net/email-address.ts'
import { COMMON_PASSWORDS } from './common-passwords.ts'

/** That a person belongs to a workspace. It is part of the person's document, so that joining is one write. */
export type Membership = {
  /** New with each joining: what was made under another one has ended. Absent in those from before there were ids. */
  id?: string
  workspace_id: string
  /** As it was at joining: what a workspace document that a crash kept from being written is made from. */
  workspace_name: string
  role: Role
  joined_at: Date
  /** When the role was last changed. */
  changed_at?: Date
}

/** That a membership still lacks the document beside it: its workspace, or its invitation marked as taken up. */
export type Unfinished = { workspace_id: string; invitation_id?: string; at: Date }

/** A person with an account. */
export type Person = {
  _id: string
  /** Version: in the filter of every write of the account itself. */
  v: number
  /** Normalised; unique. */
  email: string
  name: string
  /** argon2id in PHC form. */
  password_hash: string
  /** One more with each new password and each end of everything: whatever was made before has ended. Absent: 1. */
  password_version?: number
  memberships: Membership[]
  /**
   * Invitations that were taken up; unique over all people, so that each is taken up once. Absent when there are none,
   * since an index takes an empty list, and a missing member of a list's entries, for a value like any other.
   */
  invitation_ids?: string[]
  /** Emptied as the documents beside the memberships are written. */
  unsettled: Unfinished[]
  /** Events of the memberships, written with them, until the stream has them. Absent: none was ever told. */
  outbox?: readonly OutboxEvent[]
  /** The first account of this installation; unique, so that of two that race one wins. */
  first?: true
  /** BCP 47: what the browser asked for at first, then what the person has chosen. */
  locale: string
  /** A name of IANA. Absent or null: that of whichever workspace it is about. */
  time_zone?: string | null
  /** When the person proved that the address is theirs; null: not yet. Absent in accounts from before that was asked. */
  confirmed_at?: Date | null
  created_at: Date
}

/**
 * Whether the address is known to be the person's own: they have shown it, came by an invitation that was sent there, or
 * set the installation up.
 */
export const isConfirmed = ({ confirmed_at, first, invitation_ids }: Person): boolean =>
  confirmed_at === undefined ? first === true || invitation_ids !== undefined : confirmed_at !== null

/** Lengths of a password, in characters: the floor of OWASP ASVS 6.2.1; the ceiling bounds the work of hashing. */
export const PASSWORD_CHARS = { min: 8, max: 256 } as const

/**
 * An address in the one form that it is kept and looked up in: lower case, the domain in ASCII.
 * @returns undefined when it is not an address that mail can be sent to.
 */
export const normalizeEmail = (typed: string): string | undefined =>
  toAddress(typed.trim().normalize('NFC').toLowerCase())

/** What to say of an address that is none. */
export const EMAIL_FAULT =
  'That is not an address that we can send mail to. Before the @ it may have the letters a to z, digits and signs such as . + - _.'

/** A name without what is invisible or would turn the text around it, or undefined when nothing or too much is left. */
export const normalizeName = (typed: string): string | undefined => {
  const name = typed
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return name === '' || [...name].length > LIMITS.name_chars ? undefined : name
}

/** The form of a password that is hashed: the same however a keyboard composes its accents. */
export const normalizePassword = (typed: string): string => typed.normalize('NFKC')

/** What is wrong with a new password, as a sentence for the person, or undefined. */
export const passwordFault = (typed: string, email: string, name: string): string | undefined => {
  const password = normalizePassword(typed)
  const length = [...password].length
  if (length < PASSWORD_CHARS.min) return `Use at least ${PASSWORD_CHARS.min} characters for the password.`
  if (length > PASSWORD_CHARS.max) return `Use at most ${PASSWORD_CHARS.max} characters for the password.`
  const lower = password.toLowerCase()
  const isOneCharacter = new Set(lower).size === 1
  if (isOneCharacter || COMMON_PASSWORDS.has(lower))
    return 'That password is among the first that an attacker tries. Choose another one.'
  if ([email, email.split('@')[0], name.toLowerCase()].includes(lower))
    return 'Choose a password that is not your name or address.'
  return undefined
}

/**
 * Whether what was made for a person, a session or a grant, was made under their present password. With a new one, or when
 * they sign out everywhere, all of it ends at once and on every gateway, by the one write of a next version [B5].
 */
export const isOfPassword = (
  made: Readonly<{ password_version?: number }>,
  person: Pick<Person, 'password_version'>,
): boolean => (made.password_version ?? 1) === (person.password_version ?? 1)

/** What to note in something that ends with the password. */
export const passwordVersionOf = (
  person: Pick<Person, 'password_version'>,
): Readonly<{ password_version: number }> => ({ password_version: person.password_version ?? 1 })

/** The membership of a person in a workspace, if any. */
export const membershipIn = (
  person: Pick<Person, 'memberships'>,
  workspaceId: string,
): Membership | undefined => person.memberships.find(({ workspace_id }) => workspace_id === workspaceId)

/** The membership under which something was made, a grant, while it lasts: who comes back to a workspace begins anew. */
export const membershipUnder = (
  made: Readonly<{ ws: string; membership_id?: string }>,
  person: Pick<Person, 'memberships'>,
): Membership | undefined => {
  const present = membershipIn(person, made.ws)
  return present?.id === made.membership_id ? present : undefined
}

/** What to note in something that ends with the membership. */
export const membershipIdOf = ({ id }: Pick<Membership, 'id'>): Readonly<{ membership_id?: string }> =>
  id === undefined ? {} : { membership_id: id }

const LANGUAGE_TAG = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/

/** Languages of a browser that are looked at; none names as many. */
const MAX_LANGUAGES = 50

/** The tags of an Accept-Language header, the most wanted first (RFC 9110 §12.5.4). */
const languagesAsked = (header: string): string[] =>
  header
    .split(',', MAX_LANGUAGES)
    .map((range) => {
      const [tag = '', weight] = range.split(';').map((part) => part.trim())
      return { tag, weight: weight?.startsWith('q=') ? Number(weight.slice(2)) : 1 }
    })
    .filter(({ tag, weight }) => weight > 0 && LANGUAGE_TAG.test(tag))
    .toSorted((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag)

/** The most wanted language of a browser that we write in; else the most wanted one, or English. */
export const localeOf = (acceptLanguage: string | undefined): string => {
  const asked = languagesAsked(acceptLanguage ?? '')
  return asked.find((tag) => knownLanguage(tag)) ?? asked[0] ?? 'en'
}

/** How somebody reads what is written to them. */
type Reading = Readonly<{ locale: string; time_zone: string }>

/** How a person reads: in their own time zone, or that of the workspace that it is about. */
export const readingOf = (
  { locale, time_zone }: Pick<Person, 'locale' | 'time_zone'>,
  workspace: Readonly<{ time_zone: string }> | null,
): Reading => ({ locale, time_zone: time_zone ?? workspace?.time_zone ?? 'UTC' })
