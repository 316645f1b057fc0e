// What a client may register (RFC 7591): as lenient as today's clients need, and no more. Pure.
import * as z from 'zod'
import { AUTH_METHODS, type AuthMethod } from './model.ts'
import { checkRedirects } from './redirect-rules.ts'
import { allowed, type Ruled, refused } from './refusals.ts'

/** Bounds of one registration. */
export const REGISTRATION_BYTES = 16 * 1024
const TEXT_CHARS = 2_000
const NAME_CHARS = 256

/** What was accepted of a registration. */
export type Registration = Readonly<{
  name: string
  redirect_uris: string[]
  grant_types: string[]
  response_types: string[]
  auth_method: AuthMethod
  /** Further members that are echoed unchanged. */
  metadata: Record<string, unknown>
}>

const GRANT_TYPES = ['authorization_code', 'refresh_token']
const texts = z.array(z.string().max(TEXT_CHARS)).max(50)
const text = z.string().max(TEXT_CHARS)
// Empty members (null, "") count as absent, and unknown ones are ignored (RFC 7591 §2).
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

const withoutEmpty = (value: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null && member !== ''))

const nameOf = (typed: string | undefined, redirectUri: string): string => {
  const shown = (typed ?? '').replace(/[\p{C}\s]+/gu, ' ').trim()
  return shown === '' ? new URL(redirectUri).host || 'An app without a name' : shown
}

/**
 * Checks a registration request (RFC 7591 §3.2). Unsupported grant and response types are dropped as long as the code flow
 * remains.
 * @param schemes further schemes of redirect URIs that are accepted.
 */
export const checkRegistration = (
  body: unknown,
  schemes: ReadonlySet<string> = new Set(),
): Ruled<Registration> => {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return refused('json_expected')
  const parsed = Metadata.safeParse(withoutEmpty(body))
  if (!parsed.success) return refused('metadata_malformed')
  const asked = parsed.data
  const redirects = checkRedirects(asked.redirect_uris, schemes)
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
    metadata: Object.fromEntries(
      ECHOED.flatMap((member) => (asked[member] === undefined ? [] : [[member, asked[member]]])),
    ),
  })
}
