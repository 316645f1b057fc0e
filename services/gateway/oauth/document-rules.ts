// What a client metadata document must be: it describes a client whose id is the document's URL, without registration
// (draft-ietf-oauth-client-id-metadata-document). Pure.

import { isLoopback } from '../http/host.ts'
import { allowed, type Ruled, refused } from './refusals.ts'
import { checkRegistration, type Registration } from './registration.ts'

/** Longest URL of a document. */
const ID_CHARS = 1_000
/** Bounds of how long a document stays fresh, whatever its site says (ms). */
const FRESH_MS = { min: 30_000, max: 24 * 60 * 60_000 } as const

/** Whether a client id is meant as the URL of a document; ids of registered clients never look like one. */
export const isDocumentId = (clientId: string): boolean => /^https?:/i.test(clientId)

/**
 * Reads the URL of a document (“Client Identifier” in the draft). It must be exactly as a URL parser prints it, so there are no dot segments, no
 * octal or hexadecimal hosts, and one spelling per client.
 * @param loopback whether it may be on this machine, without TLS.
 */
export const readDocumentId = (id: string, loopback: boolean): Ruled<URL> => {
  if (id.length > ID_CHARS || !URL.canParse(id)) return refused('client_id_malformed')
  const url = new URL(id)
  const { protocol, hostname, pathname, username, password } = url
  const plain = url.href === id && username === '' && password === '' && !id.includes('#') && pathname !== '/'
  if (!plain) return refused('client_id_malformed')
  if (loopback && isLoopback(id)) return allowed(url)
  const isNamed = !/^[\d.]+$/.test(hostname) && !hostname.startsWith('[')
  return protocol === 'https:' && isNamed ? allowed(url) : refused('client_id_malformed')
}

const SHARED_SECRETS: readonly unknown[] = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt']

/** Whether a document's client authenticates by nothing but PKCE: a secret that anybody can read is none. */
const isPublic = (document: Readonly<Record<string, unknown>>): boolean => {
  const {
    token_endpoint_auth_method: method = 'none',
    token_endpoint_auth_methods_supported: methods,
    client_secret,
  } = document
  if (client_secret !== undefined || SHARED_SECRETS.includes(method)) return false
  // Clients that prefer to sign also name `none`, for servers like this one.
  return method === 'none' || (Array.isArray(methods) && methods.includes('none'))
}

/**
 * Checks what a document says of its client by the rules of registration, with `none` as its authentication method.
 * @param schemes further schemes of redirect URIs that are accepted.
 */
export const checkDocument = (
  id: string,
  body: unknown,
  schemes?: ReadonlySet<string>,
): Ruled<Registration> => {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return refused('client_document_malformed')
  const document = body as Readonly<Record<string, unknown>>
  if (document.client_id !== id) return refused('client_document_of_another')
  if (typeof document.client_name !== 'string' || document.client_name.trim() === '')
    return refused('client_document_malformed')
  if (!isPublic(document)) return refused('client_document_method')
  return checkRegistration({ ...document, token_endpoint_auth_method: 'none' }, schemes)
}

/** The caching headers of an answer. */
export type CacheHeaders = Readonly<{ cache_control?: string; age?: string; expires?: string }>

/** The freshness lifetime that the site states (ms); NaN when `Expires` is missing or malformed. */
const lifetimeOf = ({ cache_control = '', age, expires }: CacheHeaders, now: Date): number => {
  if (/\bno-(store|cache)\b/i.test(cache_control)) return 0
  const max_age = /\bmax-age="?(\d{1,9})/i.exec(cache_control)?.[1]
  if (max_age !== undefined) return (Number(max_age) - (Number(age) || 0)) * 1_000
  return (expires === undefined ? Number.NaN : Date.parse(expires)) - now.getTime()
}

/** Until when a document stays fresh: by its caching headers (RFC 9111 §4.2), within FRESH_MS. */
export const freshUntil = (headers: CacheHeaders, now: Date): Date => {
  const lifetime_ms = lifetimeOf(headers, now)
  const bounded = Math.min(FRESH_MS.max, Math.max(FRESH_MS.min, Number.isNaN(lifetime_ms) ? 0 : lifetime_ms))
  return new Date(now.getTime() + bounded)
}
