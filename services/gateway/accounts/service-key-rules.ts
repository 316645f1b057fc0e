// The public keys by which a service account proves who it is instead of a secret (RFC 7523 §2.2), by value or at an
// address. Pure.
import * as z from 'zod'
import { credentialFault } from './credential-words.ts'

/** The algorithms that assertions may be signed with: asymmetric ones alone, so that a public key can never be a secret. */
export const ASSERTION_ALGORITHMS = ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'] as const

/** Keys of one set. Each may be tried, so the work that a stranger can cause is bounded. */
const MAX_KEYS = 20
const ADDRESS_CHARS = 1_000

const coded = (min: number, max: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .min(min)
    .max(max)
const COMMON = {
  kid: z.string().min(1).max(200).optional(),
  alg: z.enum(ASSERTION_ALGORITHMS).optional(),
  use: z.literal('sig').optional(),
}
/** A public key (RFC 7517, RFC 7518 §6, RFC 8037). Other members, such as certificates, are dropped. */
const PublicJwk = z.discriminatedUnion('kty', [
  // 2048 to 4096 bits, with an exponent that is quick to use.
  z.object({ kty: z.literal('RSA'), n: coded(342, 683), e: coded(2, 6), ...COMMON }),
  z.object({
    kty: z.literal('EC'),
    crv: z.enum(['P-256', 'P-384']),
    x: coded(43, 64),
    y: coded(43, 64),
    ...COMMON,
  }),
  z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: coded(43, 43), ...COMMON }),
])
export type PublicJwk = z.output<typeof PublicJwk>

/** How an account proves who it is: keys by value, or the address of their set. */
export type ServiceKeys =
  | Readonly<{ kind: 'jwks'; keys: readonly PublicJwk[] }>
  | Readonly<{ kind: 'jwks_uri'; url: string }>

/** What somebody enters: one of both. */
export type KeysTyped = Readonly<{ jwks: string; jwks_uri: string }>

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const membersOf = (body: unknown): readonly unknown[] | undefined => {
  if (!isObject(body)) return undefined
  if (typeof body.kty === 'string') return [body]
  return Array.isArray(body.keys) ? body.keys : undefined
}

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const isPrivate = (key: unknown): boolean => isObject(key) && PRIVATE.some((member) => member in key)

/** The usable keys of a set that was read from an address; those of kinds that are not known here are passed over. */
export const usableKeys = (body: unknown): readonly PublicJwk[] =>
  (membersOf(body) ?? [])
    .slice(0, MAX_KEYS)
    .filter((key) => !isPrivate(key))
    .flatMap((key) => PublicJwk.safeParse(key).data ?? [])

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const readKeys = (text: string): readonly PublicJwk[] => {
  const members = membersOf(parsed(text))
  if (members?.some(isPrivate)) throw credentialFault('jwks', (words) => words.word('keys_private'))
  const keys = members && members.length <= MAX_KEYS ? usableKeys({ keys: members }) : []
  if (keys.length === 0 || keys.length !== members?.length)
    throw credentialFault('jwks', (words) => words.say('keys_malformed', { max: String(MAX_KEYS) }))
  return keys
}

/** Whether a host is this machine by name or address. */
const isLoopbackHost = (hostname: string): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(hostname)

const readAddress = (text: string, loopback: boolean): string => {
  const url = text.length <= ADDRESS_CHARS && URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url && url.username === '' && url.password === '' && !text.includes('#')
  const isNamed = url && !/^[\d.]+$/.test(url.hostname) && !url.hostname.startsWith('[')
  const isLocal = url && loopback && url.protocol === 'http:' && isLoopbackHost(url.hostname)
  if (url && isPlain && (isLocal || (url.protocol === 'https:' && isNamed))) return url.href
  throw credentialFault('jwks_uri', (words) => words.word('keys_address'))
}

/**
 * The keys that somebody entered, or their address; undefined where both fields are empty.
 * @param loopback whether the address may be on this machine, without TLS.
 * @throws AppError `invalid_argument` with the field.
 */
export const readServiceKeys = (typed: KeysTyped, loopback: boolean): ServiceKeys | undefined => {
  const [jwks, jwks_uri] = [typed.jwks.trim(), typed.jwks_uri.trim()]
  if (jwks !== '' && jwks_uri !== '') throw credentialFault('jwks_uri', (words) => words.word('keys_twice'))
  if (jwks !== '') return { kind: 'jwks', keys: readKeys(jwks) }
  return jwks_uri === '' ? undefined : { kind: 'jwks_uri', url: readAddress(jwks_uri, loopback) }
}
