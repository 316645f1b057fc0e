// The keys of one service: for its own purposes, and for requests to and from each other service.
//
// All are derived from the installation's secret (HKDF-SHA256, RFC 5869). None can be computed from another.
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import * as z from 'zod'

/** What a key is for. Never change the names: what was sealed under the key could not be opened again. */
export type Purpose = Readonly<{
  salt: string
  info: string
  /** Whether the database holds data sealed under it, which must be sealed again when the secret is replaced. */
  seals?: true
}>

/** The keys of one purpose. The first one seals and signs; all of them open and verify. */
export type Keys = readonly [Uint8Array, ...Uint8Array[]]

/** The keys of one service. */
export type ServiceKeys = Readonly<{
  service: string
  /** The keys of one of this service's purposes. @throws Error when it was given none. */
  of: (purpose: Purpose) => Keys
  /** For requests of this service to another, newest first; empty when there are none. */
  asking: (asked: string) => readonly KeyObject[]
  /** For requests of another service to this one, newest first; empty when there are none. */
  askedBy: (asking: string) => readonly KeyObject[]
}>

const BYTES = 32

/** Derives the key of a purpose from the installation's secret (256 bits). */
export const deriveKey = (secret: string, { salt, info }: Purpose): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, salt, info, BYTES))

/** The purpose of the key for the requests of one service to another. */
const pairPurpose = (asking: string, asked: string): Purpose => ({
  salt: 'loops',
  info: `requests of ${asking} to ${asked}`,
})

/** A source of keys. Returns undefined for a key that it does not have. */
type Source = (purpose: Purpose) => Uint8Array | undefined

const nameOf = ({ salt, info }: Purpose): string => `${salt}/${info}`

const ServiceSecret = z.object({
  service: z.string(),
  keys: z.record(z.string(), z.base64url().length(43)),
})

const decode = (text: string): z.infer<typeof ServiceSecret> | undefined => {
  try {
    return ServiceSecret.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch {
    return undefined
  }
}

/** The name of the service that a secret was made for; undefined when it is not the secret of a service. */
export const serviceOfSecret = (text: string): string | undefined => decode(text)?.service

/**
 * Makes the secret of one service: exactly the keys that it may hold, as one text.
 * @param purposes of this service.
 * @param services all of them; it shares two keys with each, one per direction of requests.
 */
export const serviceSecret = (
  secret: string,
  service: string,
  purposes: readonly Purpose[],
  services: readonly string[],
): string => {
  const pairs = services.flatMap((other) => [pairPurpose(service, other), pairPurpose(other, service)])
  const keys = Object.fromEntries(
    [...purposes, ...pairs].map((purpose) => [
      nameOf(purpose),
      Buffer.from(deriveKey(secret, purpose)).toString('base64url'),
    ]),
  )
  return Buffer.from(JSON.stringify({ service, keys })).toString('base64url')
}

const fromServiceSecret = (text: string, service: string): Source => {
  const found = decode(text)
  if (found?.service !== service) throw new Error(`This is not a secret of the service ${service}.`)
  return (purpose) => {
    const key = found.keys[nameOf(purpose)]
    return key === undefined ? undefined : new Uint8Array(Buffer.from(key, 'base64url'))
  }
}

/** The secrets that a process was given: those of its service, or those of the installation; newest first. */
export type Given = Readonly<{ service_secrets: readonly string[]; secrets: readonly string[] }>

/**
 * The keys of a service, from its own secrets, or else from those of the installation.
 * @throws Error when a secret was made for another service.
 */
export const serviceKeys = (service: string, { service_secrets, secrets }: Given): ServiceKeys => {
  const sources: readonly Source[] =
    service_secrets.length > 0
      ? service_secrets.map((text) => fromServiceSecret(text, service))
      : secrets.map((secret) => (purpose) => deriveKey(secret, purpose))
  const find = (purpose: Purpose): Uint8Array[] => sources.flatMap((source) => source(purpose) ?? [])
  const pairs = new Map<string, readonly KeyObject[]>()
  // Kept as key objects: to make one from bytes for each request takes longer than the signature.
  const pair = (asking: string, asked: string): readonly KeyObject[] => {
    const name = `${asking} ${asked}`
    const known = pairs.get(name) ?? find(pairPurpose(asking, asked)).map((key) => createSecretKey(key))
    pairs.set(name, known)
    return known
  }
  return {
    service,
    of: (purpose) => {
      const [first, ...others] = find(purpose)
      if (!first) throw new Error(`The service ${service} has no key for ${purpose.info}.`)
      return [first, ...others]
    },
    asking: (asked) => pair(service, asked),
    askedBy: (asking) => pair(asking, service),
  }
}

/** No keys, for programs that only listen to the bus, such as an operator's command. */
export const noKeys = (service: string): ServiceKeys =>
  serviceKeys(service, { service_secrets: [], secrets: [] })

/** The keys of a service as its configuration gives them. */
export const configuredKeys = (
  service: string,
  config: Readonly<
    Partial<
      Record<
        'LOOPS_SECRET' | 'LOOPS_SECRET_OLD' | 'SERVICE_SECRET' | 'SERVICE_SECRET_OLD',
        string | undefined
      >
    >
  >,
): ServiceKeys => {
  const given = (...values: (string | undefined)[]) => values.filter((value) => value !== undefined)
  return serviceKeys(service, {
    service_secrets: given(config.SERVICE_SECRET, config.SERVICE_SECRET_OLD),
    secrets: given(config.LOOPS_SECRET, config.LOOPS_SECRET_OLD),
  })
}
