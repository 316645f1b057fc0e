// What a client may register (RFC 7591), as leniently as today's clients need and no more. Pure.
import * as z from 'zod'
import { AUTH_METHODS, type AuthMethod } from './model.ts'
import { allowed, type Refusal, type Ruled, refused } from './refusals.ts'
import { isLoopback } from './rules.ts'

/** Bounds of one registration [R6]. */
export const REGISTRATION_BYTES = 16 * 1024
const REDIRECT_URIS = 20
const REDIRECT_URI_CHARS = 2_000
const NAME_CHARS = 256

/**
 * Redirect URIs with a scheme of their own that are accepted, whole. Cursor registers its own beside an https and a
 * loopback one in a single request, so refusing it would refuse all; PKCE covers what the scheme cannot [R5].
 */
export const CUSTOM_REDIRECTS: ReadonlySet<string> = new Set(['cursor://anysphere.cursor-mcp/oauth/callback'])

/** What was accepted of a registration. */
export type Registration = Readonly<{
  name: string
  redirect_uris: string[]
  grant_types: string[]
  response_types: string[]
  auth_method: AuthMethod
  /** True: the method was left open. */
  auth_method_open: boolean
  /** Further members that are given back as they came. */
  metadata: Record<string, unknown>
}>

const GRANT_TYPES = ['authorization_code', 'refresh_token']
const texts = z.array(z.string().max(REDIRECT_URI_CHARS)).max(50)
const text = z.string().max(REDIRECT_URI_CHARS)
// Members that say nothing (null, "") count as left out, and unknown ones are ignored [R2, R3].
const Metadata = z.object({
  redirect_uris: z.array(z.string()).optional(),
  client_name: z.string().optional(),
  grant_types: texts.optional(),
  response_types: texts.optional(),
  token_endpoint_auth_method: text.optional(),
  scope: text.optional(),
  client_uri: text.optional(),
  logo_uri: text.optional(),
  tos_uri: text.optional(),
  policy_uri: text.optional(),
  contacts: texts.optional(),
  software_id: text.optional(),
  software_version: text.optional(),
  application_type: text.optional(),
})
const ECHOED = [
  'scope',
  'client_uri',
  'logo_uri',
  'tos_uri',
  'policy_uri',
  'contacts',
  'software_id',
  'software_version',
  'application_type',
] as const

const HARMFUL_SCHEMES = /^(javascript|data|vbscript|file|blob|about|view-source|ws|wss|ftp):/i

const faultOfRedirect = (uri: string): Refusal | undefined => {
  if (uri.length > REDIRECT_URI_CHARS || /[\s\p{Cc}\\#]/u.test(uri) || !URL.canParse(uri))
    return 'redirect_uri_malformed'
  if (HARMFUL_SCHEMES.test(uri)) return 'redirect_uri_scheme'
  if (CUSTOM_REDIRECTS.has(uri)) return undefined
  const { protocol, username, password } = new URL(uri)
  if (username !== '' || password !== '') return 'redirect_uri_malformed'
  if (protocol === 'https:') return undefined
  if (protocol !== 'http:') return 'redirect_uri_scheme'
  return isLoopback(uri) ? undefined : 'redirect_uri_not_https'
}

const checkRedirects = (uris: readonly string[] | undefined): Ruled<string[]> => {
  if (!uris || uris.length === 0) return refused('redirect_uris_missing')
  if (uris.length > REDIRECT_URIS) return refused('redirect_uris_too_many')
  for (const uri of uris) {
    const fault = faultOfRedirect(uri)
    if (fault) return refused(fault)
  }
  return allowed([...new Set(uris)])
}

const withoutEmpty = (value: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null && member !== ''))

const nameOf = (typed: string | undefined, redirectUri: string): string => {
  const shown = (typed ?? '').replace(/[\p{C}\s]+/gu, ' ').trim()
  return shown === '' ? new URL(redirectUri).host || 'An app without a name' : shown
}

/**
 * What of a registration request is accepted, or why it is not [R1–R5]. Extra grant and response types are dropped as
 * long as the code flow remains.
 */
export const checkRegistration = (body: unknown): Ruled<Registration> => {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return refused('json_expected')
  const parsed = Metadata.safeParse(withoutEmpty(body))
  if (!parsed.success) return refused('metadata_malformed')
  const asked = parsed.data
  const redirects = checkRedirects(asked.redirect_uris)
  if (!redirects.ok) return redirects
  if ([...(asked.client_name ?? '')].length > NAME_CHARS) return refused('client_name_malformed')
  const auth_method = AUTH_METHODS.find(
    (method) => method === (asked.token_endpoint_auth_method ?? 'client_secret_basic'),
  )
  if (!auth_method) return refused('auth_method_unsupported')
  const grant_types = GRANT_TYPES.filter((type) =>
    (asked.grant_types ?? ['authorization_code']).includes(type),
  )
  if (!grant_types.includes('authorization_code')) return refused('grant_types_unsupported')
  if (!(asked.response_types ?? ['code']).includes('code')) return refused('response_types_unsupported')
  return allowed({
    name: nameOf(asked.client_name, redirects.value[0] as string),
    redirect_uris: redirects.value,
    grant_types,
    response_types: ['code'],
    auth_method,
    auth_method_open: asked.token_endpoint_auth_method === undefined,
    metadata: Object.fromEntries(
      ECHOED.flatMap((member) => (asked[member] === undefined ? [] : [[member, asked[member]]])),
    ),
  })
}
