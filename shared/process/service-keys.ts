// The keys of one service: those of its own purposes, and one for each pair of a service that asks and one that is asked.
// All are derived from the installation's secret (HKDF-SHA256, RFC 5869), and none can be computed from another.
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import * as z from 'zod'

/** What a key is for. Names are never changed: what was sealed under the key could not be opened again. */
export type Purpose = Readonly<{
  salt: string
  info: string
  /** Whether what is kept in the database is sealed under it, and has to be sealed anew when the secret is replaced. */
  seals?: true
}>

/** Keys of one purpose: the first one seals and signs, each of them opens and verifies. */
export type Keys = readonly [Uint8Array, ...Uint8Array[]]

/** The keys that one service holds. */
export type ServiceKeys = Readonly<{
  service: string
  /** The keys of a purpose of this service's own. @throws Error when it was given none for this purpose. */
  of: (purpose: Purpose) => Keys
  /** For the requests of this service to another, newest first; none when it may ask nothing there. */
  asking: (asked: string) => readonly KeyObject[]
  /** For the requests of another service to this one, newest first; none when it may ask nothing here. */
  askedBy: (asking: string) => readonly KeyObject[]
}>

const BYTES = 32

/** The key of a purpose from the installation's secret, 256 bits. */
export const deriveKey = (secret: string, { salt, info }: Purpose): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, salt, info, BYTES))

/** The key by which one service knows the requests of another. */
const pairPurpose = (asking: string, asked: string): Purpose => ({
  salt: 'loops',
  info: `requests of ${asking} to ${asked}`,
})

/** Where keys come from: undefined for a key that is not to be had there. */
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

/** The name of the service that a service's secret was made for; undefined when it is none. */
export const serviceOfSecret = (text: string): string | undefined => decode(text)?.service

/**
 * The secret of one service: all keys that it may hold and no other, as one text.
 * @param purposes of this service's own.
 * @param services all there are: it shares a key with each, one for asking and one for being asked.
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
  if (found?.service !== service) throw new Error(`This is no secret of the service ${service}.`)
  return (purpose) => {
    const key = found.keys[nameOf(purpose)]
    return key === undefined ? undefined : new Uint8Array(Buffer.from(key, 'base64url'))
  }
}

/** What a process was given: secrets of its service alone, or those of the installation; newest first. */
export type Given = Readonly<{ service_secrets: readonly string[]; secrets: readonly string[] }>

/**
 * The keys of a service. Secrets of its own come before those of the installation.
 * @throws Error when a service's secret is another's.
 */
export const serviceKeys = (service: string, { service_secrets, secrets }: Given): ServiceKeys => {
  const sources: readonly Source[] =
    service_secrets.length > 0
      ? service_secrets.map((text) => fromServiceSecret(text, service))
      : secrets.map((secret) => (purpose) => deriveKey(secret, purpose))
  const find = (purpose: Purpose): Uint8Array[] => sources.flatMap((source) => source(purpose) ?? [])
  const pairs = new Map<string, readonly KeyObject[]>()
  // A key object, because bare bytes would be made one anew for each request, which takes longer than the signature.
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

/** The keys of whoever only listens to the bus, such as an operator's command. */
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
