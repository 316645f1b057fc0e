// Every reason for which the authorization server refuses, and the RFC error code that clients get for it. The log has the
// reason, the wire only the code. Pure.

/** What a client gets (RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2). */
export type OAuthError = Readonly<{ error: string; error_description: string; status: 400 | 401 | 403 | 429 }>

const answer = (
  error: string,
  error_description: string,
  status: OAuthError['status'] = 400,
): OAuthError => ({
  error,
  error_description,
  status,
})

const REPEATED = answer('invalid_request', 'A parameter is given more than once.')
const BAD_CLIENT = answer('invalid_client', 'The client could not be authenticated.', 401)
const BAD_CODE = answer('invalid_grant', 'The code is invalid or has expired.')
const BAD_GRANT = answer('invalid_grant', 'The grant is invalid or has expired.')
const BAD_ASSERTION = answer('invalid_grant', 'The assertion is invalid, has expired or was used.')
const BAD_TARGET = answer('invalid_target', 'resource is not the MCP endpoint of this server.')

/** At /authorize, before client and redirect URI are known to be right: shown on our own page, never by redirect. */
const LOCAL = {
  parameters_too_many: answer('invalid_request', 'The request has more parameters than can be read.'),
  client_id_missing: answer('invalid_request', 'client_id is missing.'),
  client_id_repeated: REPEATED,
  client_unknown: answer('invalid_client', 'There is no such client; register again.'),
  client_id_malformed: answer(
    'invalid_client',
    'client_id is not the address of a client metadata document.',
  ),
  client_document_unreachable: answer(
    'invalid_client',
    'The app’s description at its client_id cannot be read from here. Where this server has no way out to the internet, its operator sets CLIENT_METADATA_DOCUMENTS to off.',
  ),
  client_document_malformed: answer('invalid_client', 'The app’s description is incomplete or malformed.'),
  client_document_of_another: answer('invalid_client', 'The app’s description names another client_id.'),
  client_document_method: answer(
    'invalid_client',
    'The app’s description must allow token_endpoint_auth_method none, and hold no secret.',
  ),
  client_documents_busy: answer('temporarily_unavailable', 'Too many apps are being looked up. Try again.'),
  redirect_uri_missing: answer('invalid_request', 'redirect_uri is missing.'),
  redirect_uri_repeated: REPEATED,
  redirect_uri_not_registered: answer(
    'invalid_request',
    'redirect_uri is not one that this client registered.',
  ),
} as const

/** At /authorize afterwards: sent to the client by redirect. */
const REDIRECTED = {
  parameter_repeated: REPEATED,
  parameter_too_long: answer('invalid_request', 'A parameter is too long.'),
  response_type_missing: answer('invalid_request', 'response_type is missing.'),
  response_type_unsupported: answer('unsupported_response_type', 'response_type must be code.'),
  response_mode_unsupported: answer('invalid_request', 'response_mode must be query.'),
  challenge_missing: answer('invalid_request', 'code_challenge is missing; PKCE is required.'),
  challenge_malformed: answer('invalid_request', 'code_challenge is not a SHA-256 in base64url.'),
  challenge_method_not_s256: answer('invalid_request', 'code_challenge_method must be S256.'),
  scope_unknown: answer('invalid_scope', 'None of the requested scopes exists here.'),
  resource_foreign: BAD_TARGET,
  denied_by_person: answer('access_denied', 'The person said no.', 403),
} as const

/** At /token, /revoke and /introspect. */
const TOKEN = {
  form_expected: answer('invalid_request', 'Send application/x-www-form-urlencoded.'),
  form_too_large: answer('invalid_request', 'The form is too large or has too many fields.'),
  form_repeats: REPEATED,
  grant_type_missing: answer('invalid_request', 'grant_type is missing.'),
  grant_type_unsupported: answer(
    'unsupported_grant_type',
    'grant_type must be authorization_code, refresh_token or client_credentials.',
  ),
  client_credentials_not_allowed: answer(
    'unauthorized_client',
    'Only a service account may use client_credentials. An owner or admin makes one on the page of the workspace.',
  ),
  credentials_in_two_places: answer('invalid_request', 'Client credentials are given in more than one way.'),
  credentials_missing: BAD_CLIENT,
  credentials_wrong: BAD_CLIENT,
  credentials_by_other_method: BAD_CLIENT,
  assertion_type_unknown: answer('invalid_request', 'client_assertion_type is missing or not known here.'),
  assertion_missing: answer('invalid_request', 'client_assertion is missing.'),
  assertion_malformed: BAD_CLIENT,
  assertion_wrong: BAD_CLIENT,
  assertion_of_another: BAD_CLIENT,
  assertion_audience: BAD_CLIENT,
  assertion_expired: BAD_CLIENT,
  assertion_too_long: BAD_CLIENT,
  assertion_used: BAD_CLIENT,
  assertion_keys_unreachable: BAD_CLIENT,
  code_missing: answer('invalid_request', 'code is missing.'),
  verifier_missing: answer('invalid_request', 'code_verifier is missing or malformed.'),
  code_unknown: BAD_CODE,
  code_of_another_client: BAD_CODE,
  code_expired: BAD_CODE,
  code_replayed: BAD_CODE,
  code_used_at_once: BAD_CODE,
  redirect_uri_differs: BAD_CODE,
  verifier_wrong: BAD_CODE,
  refresh_token_missing: answer('invalid_request', 'refresh_token is missing.'),
  refresh_token_unknown: BAD_GRANT,
  refresh_token_reused: BAD_GRANT,
  grant_of_another_client: BAD_GRANT,
  grant_expired: BAD_GRANT,
  grant_revoked: BAD_GRANT,
  identity_client_public: answer(
    'unauthorized_client',
    'Only a client that authenticates, or that is known by its address, may send assertions.',
  ),
  identity_assertion_missing: answer('invalid_request', 'assertion is missing.'),
  identity_assertion_type: BAD_ASSERTION,
  identity_assertion_malformed: BAD_ASSERTION,
  identity_assertion_wrong: BAD_ASSERTION,
  identity_assertion_audience: BAD_ASSERTION,
  identity_assertion_of_another: BAD_ASSERTION,
  identity_assertion_expired: BAD_ASSERTION,
  identity_assertion_used: BAD_ASSERTION,
  identity_issuer_unknown: BAD_ASSERTION,
  identity_issuer_away: answer(
    'temporarily_unavailable',
    'The identity provider cannot be reached now.',
    429,
  ),
  identity_unknown: answer(
    'invalid_grant',
    'The person is not known here by this identity provider. They sign in once with it in the browser.',
  ),
  identity_no_member: answer('invalid_grant', 'The person is no member of the workspace.'),
  identity_workspace_unclear: answer(
    'invalid_grant',
    'The person belongs to several workspaces. The operator names one in ENTERPRISE_WORKSPACE.',
  ),
  client_blocked: answer('invalid_grant', 'The workspace has blocked this client.'),
  beyond_policy: answer('unauthorized_client', 'The policy of the workspace leaves this account nothing.'),
  workspace_deleted: BAD_GRANT,
  person_left: BAD_GRANT,
  person_deactivated: BAD_GRANT,
  password_changed: BAD_GRANT,
  scope_widened: answer('invalid_scope', 'scope asks for more than was granted.'),
  target_foreign: BAD_TARGET,
  token_missing: answer('invalid_request', 'token is missing.'),
  service_unknown: answer('invalid_token', 'Only services of this installation may ask.', 401),
} as const

/** At /register. */
const REGISTRATION = {
  json_expected: answer('invalid_client_metadata', 'Send a JSON object.'),
  metadata_malformed: answer('invalid_client_metadata', 'A member has the wrong type or is too long.'),
  client_name_malformed: answer('invalid_client_metadata', 'client_name is longer than 256 characters.'),
  redirect_uris_missing: answer('invalid_redirect_uri', 'redirect_uris must have at least one entry.'),
  redirect_uris_too_many: answer('invalid_redirect_uri', 'redirect_uris may have at most 20 entries.'),
  redirect_uri_malformed: answer(
    'invalid_redirect_uri',
    'A redirect URI is not absolute, is too long, or has a fragment or a user name.',
  ),
  redirect_uri_harmful: answer('invalid_redirect_uri', 'A redirect URI has a scheme that is never accepted.'),
  redirect_uri_scheme: answer(
    'invalid_redirect_uri',
    'No redirect URI has a scheme that is known here. The operator of this server can add it to CLIENT_REDIRECT_SCHEMES.',
  ),
  redirect_uri_not_https: answer(
    'invalid_redirect_uri',
    'A redirect URI must use https, or http on the loopback address.',
  ),
  auth_method_unsupported: answer(
    'invalid_client_metadata',
    'token_endpoint_auth_method must be none, client_secret_basic or client_secret_post.',
  ),
  grant_types_unsupported: answer('invalid_client_metadata', 'grant_types must have authorization_code.'),
  response_types_unsupported: answer('invalid_client_metadata', 'response_types must have code.'),
  registration_token_wrong: answer(
    'invalid_token',
    'To register here, a client needs the initial access token that the operator of this server gives out.',
    401,
  ),
  registration_off: answer('access_denied', 'This server does not let clients register themselves.', 403),
  registrations_too_many: answer('temporarily_unavailable', 'Too many registrations. Try again later.', 429),
} as const

const ALL = { ...LOCAL, ...REDIRECTED, ...TOKEN, ...REGISTRATION } as const

export type Refusal = keyof typeof ALL

/** Whether it must be shown on our own page, since no redirect URI is known to be right yet (RFC 6749 §4.1.2.1). */
export const isLocal = (reason: Refusal): boolean => reason in LOCAL

/** The answer that clients get for a reason. */
export const oauthError = (reason: Refusal): OAuthError => ALL[reason]

/** What a rule decided: a value, or the reason for refusing. */
export type Ruled<T> = Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; reason: Refusal }>

export const allowed = <T>(value: T): Readonly<{ ok: true; value: T }> => ({ ok: true, value })
export const refused = (reason: Refusal): Readonly<{ ok: false; reason: Refusal }> => ({ ok: false, reason })
