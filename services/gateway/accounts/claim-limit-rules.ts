// What people enter as limits of claims, read and checked. Pure; knows no storage and no page.
import {
  CLAIM_LIMITS,
  type ClaimLimit,
  type ClaimLimits,
  claimLimit,
} from '../../../shared/contracts/define/claim-limits.ts'
import type { Language } from '../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../shared/contracts/define/wording.ts'
import { ERROR_WORDS, fieldFault } from '../translated-errors.ts'

/** Seconds in the unit of the form. */
const MINUTE_SECONDS = 60

/** How many of a limit one unit of its field in the form is. */
const UNITS = {
  default_ttl_seconds: MINUTE_SECONDS,
  max_ttl_seconds: MINUTE_SECONDS,
  max_claims: 1,
  max_claims_per_agent: 1,
} as const satisfies Record<ClaimLimit, number>

/** The label of a limit in the form. */
export const labelOf = (name: ClaimLimit, language: Language): string =>
  wordsOf(ERROR_WORDS, language).word(name)

/** The limits in the order of the form. */
export const LIMIT_NAMES = Object.keys(UNITS) as readonly ClaimLimit[]

/** The least and the most of a limit, in the unit of its field. */
export const boundsOf = (name: ClaimLimit): Readonly<{ least: number; most: number }> => {
  const unit = UNITS[name]
  const { least, most } = CLAIM_LIMITS[name]
  return { least: least / unit, most: most / unit }
}

/** What a limit is, as its field shows it. */
export const shownLimit = (name: ClaimLimit, set: ClaimLimits | undefined): string =>
  String(claimLimit(name, set) / UNITS[name])

/** A whole number between two others; undefined for anything else. */
const readWhole = (typed: string, { least, most }: Readonly<{ least: number; most: number }>) => {
  const text = typed.trim()
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  return number >= least && number <= most ? number : undefined
}

/** Bounds as a message shows them. */
const asTexts = ({ least, most }: Readonly<{ least: number; most: number }>) => ({
  least: String(least),
  most: String(most),
})

const readLimit = (name: ClaimLimit, typed: string): number => {
  const bounds = boundsOf(name)
  const number = readWhole(typed, bounds)
  if (number === undefined)
    throw fieldFault(name, (words) =>
      words.say('limit_out_of_range', { label: words.word(name), ...asTexts(bounds) }),
    )
  return number * UNITS[name]
}

/**
 * The limits that somebody entered.
 * @throws AppError `invalid_argument` with the field.
 */
export const readLimits = (typed: Readonly<Record<ClaimLimit, string>>): Required<ClaimLimits> => {
  const limits = {
    default_ttl_seconds: readLimit('default_ttl_seconds', typed.default_ttl_seconds),
    max_ttl_seconds: readLimit('max_ttl_seconds', typed.max_ttl_seconds),
    max_claims: readLimit('max_claims', typed.max_claims),
    max_claims_per_agent: readLimit('max_claims_per_agent', typed.max_claims_per_agent),
  }
  if (limits.default_ttl_seconds > limits.max_ttl_seconds)
    throw fieldFault('default_ttl_seconds', (words) => words.word('longer_than_longest'))
  return limits
}

/** Whether limits are the same, set or not. */
export const sameLimits = (one: ClaimLimits | undefined, other: ClaimLimits | undefined): boolean =>
  LIMIT_NAMES.every((name) => claimLimit(name, one) === claimLimit(name, other))

/**
 * The bound that somebody entered for a token, if any.
 * @throws AppError `invalid_argument` with the field.
 */
export const readMaxClaims = (typed = ''): number | undefined => {
  if (typed.trim() === '') return undefined
  const bounds = boundsOf('max_claims')
  const number = readWhole(typed, bounds)
  if (number !== undefined) return number
  throw fieldFault('max_claims', (words) => words.say('bound_out_of_range', asTexts(bounds)))
}
