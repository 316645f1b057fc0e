// What people enter as limits of claims, read and checked. Pure; knows no storage and no page.
import {
  CLAIM_LIMITS,
  type ClaimLimit,
  type ClaimLimits,
  claimLimit,
} from '../../../shared/contracts/define/claim-limits.ts'
import { fieldFault } from './person-rules.ts'

/** Seconds in the unit of the form. */
const MINUTE_SECONDS = 60

/** The fields of the form, with their labels and how many of a limit one unit of the field is. */
export const LIMIT_FIELDS = {
  default_ttl_seconds: { label: 'A claim lasts (minutes)', unit: MINUTE_SECONDS },
  max_ttl_seconds: { label: 'The longest claim (minutes)', unit: MINUTE_SECONDS },
  max_claims: { label: 'Tasks at once for an app', unit: 1 },
  max_claims_per_agent: { label: 'Tasks at once for each named agent of an app', unit: 1 },
} as const satisfies Record<ClaimLimit, Readonly<{ label: string; unit: number }>>

/** The limits in the order of the form. */
export const LIMIT_NAMES = Object.keys(LIMIT_FIELDS) as readonly ClaimLimit[]

/** The least and the most of a limit, in the unit of its field. */
export const boundsOf = (name: ClaimLimit): Readonly<{ least: number; most: number }> => {
  const { unit } = LIMIT_FIELDS[name]
  const { least, most } = CLAIM_LIMITS[name]
  return { least: least / unit, most: most / unit }
}

/** What a limit is, as its field shows it. */
export const shownLimit = (name: ClaimLimit, set: ClaimLimits | undefined): string =>
  String(claimLimit(name, set) / LIMIT_FIELDS[name].unit)

/** A whole number between two others; undefined for anything else. */
const readWhole = (typed: string, { least, most }: Readonly<{ least: number; most: number }>) => {
  const text = typed.trim()
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  return number >= least && number <= most ? number : undefined
}

const readLimit = (name: ClaimLimit, typed: string): number => {
  const bounds = boundsOf(name)
  const number = readWhole(typed, bounds)
  const { label, unit } = LIMIT_FIELDS[name]
  if (number === undefined)
    throw fieldFault(name, `${label}: enter a whole number from ${bounds.least} to ${bounds.most}.`)
  return number * unit
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
    throw fieldFault('default_ttl_seconds', 'A claim cannot last longer than the longest one.')
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
  const { least, most } = bounds
  throw fieldFault('max_claims', `Tasks at once: enter a whole number from ${least} to ${most}, or nothing.`)
}
