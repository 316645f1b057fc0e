// The documents by which clients find everything: RFC 9728 for the MCP endpoint, RFC 8414 for the authorization server. All
// addresses are made from the configured public URL, never from a request. Pure.
import { ALL_SCOPES } from '../../../shared/contracts/define/common.ts'
import { BASELINE_SCOPES } from '../../../shared/contracts/define/scopes.ts'
import { ASSERTION_ALGORITHMS } from '../accounts/service-key-rules.ts'
import { ID_JAG_PROFILE, JWT_BEARER } from './enterprise-rules.ts'
import { OFFLINE_ACCESS, RESOURCE_PATH } from './grant-rules.ts'
import { ALGORITHM } from './keys.ts'
import { AUTH_METHODS, KEY_METHOD } from './model.ts'
import type { OAuthSettings } from './settings.ts'

/** The settings that these documents reveal. */
export type Offered = Pick<OAuthSettings, 'registration' | 'documents' | 'enterprise_issuers'>

/** The path of each endpoint under the public URL. */
export const PATHS = {
  authorize: '/authorize',
  token: '/token',
  register: '/register',
  revoke: '/revoke',
  introspect: '/introspect',
  jwks: '/.well-known/jwks.json',
} as const

/**
 * Metadata of the protected resource (RFC 9728 §2). Some clients want it to name exactly the URL that was typed, so there is
 * one document with a trailing slash and one without; the audience of tokens is the same. The scopes are those to begin
 * with; a challenge names further ones when a call needs them.
 */
export const resourceMetadata = (publicUrl: string, path: string = RESOURCE_PATH) => ({
  resource: `${publicUrl}${path}`,
  authorization_servers: [publicUrl],
  scopes_supported: BASELINE_SCOPES,
  bearer_methods_supported: ['header'],
  resource_name: 'Loops',
})

/** Metadata of the authorization server (RFC 8414 §2). A way for clients to become known is named only while it is open. */
export const serverMetadata = (publicUrl: string, offered: Offered) => ({
  issuer: publicUrl,
  authorization_endpoint: `${publicUrl}${PATHS.authorize}`,
  token_endpoint: `${publicUrl}${PATHS.token}`,
  ...(offered.registration !== 'off' ? { registration_endpoint: `${publicUrl}${PATHS.register}` } : {}),
  revocation_endpoint: `${publicUrl}${PATHS.revoke}`,
  introspection_endpoint: `${publicUrl}${PATHS.introspect}`,
  jwks_uri: `${publicUrl}${PATHS.jwks}`,
  scopes_supported: [...ALL_SCOPES, OFFLINE_ACCESS],
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: [
    'authorization_code',
    'refresh_token',
    'client_credentials',
    ...(offered.enterprise_issuers.length > 0 ? [JWT_BEARER] : []),
  ],
  ...(offered.enterprise_issuers.length > 0
    ? { authorization_grant_profiles_supported: [ID_JAG_PROFILE] }
    : {}),
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: [...AUTH_METHODS, KEY_METHOD],
  token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
  revocation_endpoint_auth_methods_supported: [...AUTH_METHODS, KEY_METHOD],
  revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
  // A token type rather than a client's method (RFC 8414 §2): services call it, clients do not.
  introspection_endpoint_auth_methods_supported: ['Bearer'],
  authorization_response_iss_parameter_supported: true,
  client_id_metadata_document_supported: offered.documents,
})

/** The same for clients that look where OpenID Connect has it and insist on its members. No ID tokens are issued. */
export const openidMetadata = (publicUrl: string, offered: Offered) => ({
  ...serverMetadata(publicUrl, offered),
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [ALGORITHM],
})
