// Second factors: passkeys, one-time codes (RFC 6238) and recovery codes, and which changes of them are legal. Pure.
import type { AppError } from '../../../shared/contracts/define/errors.ts'
import { wordsOf } from '../../../shared/contracts/define/wording.ts'
import { fieldFault, translatedError } from '../translated-errors.ts'
import { FACTOR_WORDS } from './factor-words.ts'

/** A passkey of a person (https://www.w3.org/TR/webauthn-3/#public-key-credential-source). */
export type Passkey = Readonly<{
  /** The credential's id, base64url; unique over all people. */
  id: string
  name: string
  /** COSE key, base64url. */
  public_key: string
  /** The last signature count; 0 where its device does not count. */
  counter: number
  transports: readonly string[]
  created_at: Date
  last_used_at: Date | null
}>

/** An app that shows one-time codes. */
export type CodeApp = Readonly<{
  /** Its secret, sealed under the gateway's key for it. */
  sealed: string
  /** The time step of the last accepted code: no code works twice. */
  last_step: number
  created_at: Date
  last_used_at: Date | null
}>

/** The second factors of a person. */
export type Factors = Readonly<{
  /** The person. */
  _id: string
  /** Version: in the filter of every write. */
  v: number
  passkeys: readonly Passkey[]
  code_app: CodeApp | null
  /** SHA-256 of the recovery codes that were not used yet. */
  recovery: readonly string[]
}>

/** A refusal about second factors, in the reader's language. */
export const factorFault = (
  code: 'already_exists' | 'forbidden' | 'invalid_transition' | 'not_found',
  word: Exclude<keyof (typeof FACTOR_WORDS)['en'], 'too_many_passkeys'>,
): AppError => translatedError(code, (_, language) => wordsOf(FACTOR_WORDS, language).word(word))

/** Passkeys that a person may have. */
export const MAX_PASSKEYS = 20
/** Recovery codes that are made at once. */
export const RECOVERY_CODES = 10

/** The factors of a person who has none. */
export const noFactors = (userId: string): Factors => ({
  _id: userId,
  v: 0,
  passkeys: [],
  code_app: null,
  recovery: [],
})

/** How many factors somebody has; recovery codes only stand in for them. */
export const countFactors = ({ passkeys, code_app }: Factors): number =>
  passkeys.length + (code_app === null ? 0 : 1)

const changed = (factors: Factors, change: Partial<Factors>): Factors => {
  const next = { ...factors, ...change, v: factors.v + 1 }
  // Recovery codes alone are no factor.
  return countFactors(next) === 0 ? { ...next, recovery: [] } : next
}

/** @throws AppError `limit_exceeded`, `already_exists`. */
export const addPasskey = (factors: Factors, passkey: Passkey): Factors => {
  if (factors.passkeys.length >= MAX_PASSKEYS)
    throw translatedError('limit_exceeded', (_, language) =>
      wordsOf(FACTOR_WORDS, language).say('too_many_passkeys', { max: String(MAX_PASSKEYS) }),
    )
  if (factors.passkeys.some(({ id }) => id === passkey.id))
    throw factorFault('already_exists', 'passkey_known')
  return changed(factors, { passkeys: [...factors.passkeys, passkey] })
}

/** Replaces the app for codes, if there is one. */
export const setCodeApp = (factors: Factors, code_app: CodeApp): Factors => changed(factors, { code_app })

/** Replaces the recovery codes. */
export const setRecovery = (factors: Factors, recovery: readonly string[]): Factors =>
  changed(factors, { recovery })

const keepsOne = (next: Factors, isRequired: boolean): Factors => {
  if (isRequired && countFactors(next) === 0) throw factorFault('invalid_transition', 'factor_required')
  return next
}

/**
 * Removes a passkey (`id`) or the app for codes (`code_app`).
 * @param isRequired whether a workspace of the person requires a second factor: the last one then stays.
 * @returns undefined where there is no such factor.
 * @throws AppError `invalid_transition`.
 */
export const removeFactor = (factors: Factors, id: string, isRequired: boolean): Factors | undefined => {
  if (id === 'code_app')
    return factors.code_app === null ? undefined : keepsOne(changed(factors, { code_app: null }), isRequired)
  const passkeys = factors.passkeys.filter((one) => one.id !== id)
  return passkeys.length === factors.passkeys.length
    ? undefined
    : keepsOne(changed(factors, { passkeys }), isRequired)
}

/** The refusal of a code. It does not say which part of it is wrong. */
export const wrongCode = (): AppError =>
  fieldFault('code', (_, language) => wordsOf(FACTOR_WORDS, language).word('wrong_code'))

/** The refusal of every code of an app whose secret was sealed under a LOOPS_SECRET that is gone. */
export const unreadableApp = (): AppError =>
  fieldFault('code', (_, language) => wordsOf(FACTOR_WORDS, language).word('unreadable_app'))

/** Accepts a code of this time step, once. @throws AppError `invalid_argument`. */
export const useStep = (factors: Factors, step: number | undefined, now: Date): Factors => {
  const { code_app } = factors
  if (!code_app || step === undefined || step <= code_app.last_step) throw wrongCode()
  return changed(factors, { code_app: { ...code_app, last_step: step, last_used_at: now } })
}

/** Accepts a recovery code, once. @throws AppError `invalid_argument`. */
export const useRecovery = (factors: Factors, hash: string): Factors => {
  if (!factors.recovery.includes(hash)) throw wrongCode()
  return changed(factors, { recovery: factors.recovery.filter((one) => one !== hash) })
}

/**
 * Notes that a passkey was used. A count that does not grow shows that it was copied
 * (https://www.w3.org/TR/webauthn-3/#sctn-sign-counter).
 * @throws AppError `forbidden`.
 */
export const usePasskey = (factors: Factors, id: string, counter: number, now: Date): Factors => {
  const known = factors.passkeys.find((one) => one.id === id)
  const counts = known !== undefined && (known.counter > 0 || counter > 0)
  if (!known || (counts && counter <= known.counter)) throw wrongPasskey()
  const used = { ...known, counter, last_used_at: now }
  return changed(factors, { passkeys: factors.passkeys.map((one) => (one.id === id ? used : one)) })
}

/** The refusal of a passkey. */
export const wrongPasskey = (): AppError => factorFault('forbidden', 'wrong_passkey')

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const RECOVERY_CHARS = 16

/** A recovery code of 80 bits, in groups of four. @param token random bits, base64url. */
export const recoveryCodeOf = (token: string): string => {
  const bytes = Buffer.from(token, 'base64url').subarray(0, RECOVERY_CHARS)
  const text = [...bytes].map((byte) => BASE32[byte % 32]).join('')
  return (text.match(/.{4}/g) ?? []).join('-')
}

/** A code as somebody typed it: without spaces and hyphens, upper case. */
export const normalizeCode = (typed: string): string => typed.replace(/[\s-]/g, '').toUpperCase().slice(0, 64)

/** Whether it has the form of a recovery code rather than of a one-time code. */
export const isRecoveryCode = (code: string): boolean => /^[A-Z2-7]{16}$/.test(code)

/** Whether a provider's ID token says that it asked for two factors (RFC 8176 `amr`; `acr` values that the operator named). */
export const provesSecondFactor = (
  claims: Readonly<{ amr?: unknown; acr?: unknown }>,
  acr_values: readonly string[] = [],
): boolean => {
  const amr: readonly unknown[] = Array.isArray(claims.amr) ? claims.amr : []
  if (amr.includes('mfa')) return true
  return typeof claims.acr === 'string' && acr_values.includes(claims.acr)
}
