// Every reason for which the authorization server refuses, and the few codes of the RFCs that clients get instead:
// the log knows why, the wire does not. Pure.

/** What a client gets (RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2). */
export type OAuthError = Readonly<{ error: string; error_description: string; status: 400 | 401 | 403 | 429 }>

const told = (error: string, error_description: string, status: OAuthError['status'] = 400): OAuthError => ({
  error,
  error_description,
  status,
})

const REPEATED = told('invalid_request', 'A parameter is given more than once.')
const BAD_CLIENT = told('invalid_client', 'The client could not be authenticated.', 401)
const BAD_CODE = told('invalid_grant', 'The code is not valid, or no longer.')
const BAD_GRANT = told('invalid_grant', 'The grant is not valid, or no longer.')
const BAD_TARGET = told('invalid_target', 'resource is not the MCP endpoint of this server.')

/** Met at /authorize before client and redirect URI are known to be right: our own page, never a redirect. */
const LOCAL = {
  parameters_too_many: told('invalid_request', 'The request has more parameters than can be read.'),
  client_id_missing: told('invalid_request', 'client_id is missing.'),
  client_id_repeated: REPEATED,
  client_unknown: told('invalid_client', 'There is no such client; register again.'),
  client_id_malformed: told('invalid_client', 'client_id is not the address of a client metadata document.'),
  client_document_unreachable: told(
    'invalid_client',
    'The app’s description at its client_id cannot be read from here. Where this server has no way out to the internet, its operator sets CLIENT_METADATA_DOCUMENTS to off.',
  ),
  client_document_malformed: told('invalid_client', 'The app’s description lacks something or is malformed.'),
  client_document_of_another: told('invalid_client', 'The app’s description names another client_id.'),
  client_document_method: told(
    'invalid_client',
    'The app’s description must allow token_endpoint_auth_method none, and hold no secret.',
  ),
  client_documents_busy: told('temporarily_unavailable', 'Too many apps are being looked up; try again.'),
  redirect_uri_missing: told('invalid_request', 'redirect_uri is missing.'),
  redirect_uri_repeated: REPEATED,
  redirect_uri_not_registered: told(
    'invalid_request',
    'redirect_uri is not one that this client registered.',
  ),
} as const

/** Met at /authorize afterwards: sent to the client by redirect. */
const REDIRECTED = {
  parameter_repeated: REPEATED,
  parameter_too_long: told('invalid_request', 'A parameter is too long.'),
  response_type_missing: told('invalid_request', 'response_type is missing.'),
  response_type_unsupported: told('unsupported_response_type', 'response_type must be code.'),
  response_mode_unsupported: told('invalid_request', 'response_mode must be query.'),
  challenge_missing: told('invalid_request', 'code_challenge is missing; PKCE is required.'),
  challenge_malformed: told('invalid_request', 'code_challenge is not a SHA-256 in base64url.'),
  challenge_method_not_s256: told('invalid_request', 'code_challenge_method must be S256.'),
  scope_unknown: told('invalid_scope', 'None of the scopes asked for exists here.'),
  resource_foreign: BAD_TARGET,
  denied_by_person: told('access_denied', 'The person said no.', 403),
} as const

/** Met at /token, /revoke and /introspect. */
const TOKEN = {
  form_expected: told('invalid_request', 'Send application/x-www-form-urlencoded.'),
  form_too_large: told('invalid_request', 'The form is too large or has too many fields.'),
  form_repeats: REPEATED,
  grant_type_missing: told('invalid_request', 'grant_type is missing.'),
  grant_type_unsupported: told(
    'unsupported_grant_type',
    'grant_type must be authorization_code or refresh_token.',
  ),
  credentials_in_two_places: told('invalid_request', 'Client credentials are given in more than one way.'),
  credentials_missing: BAD_CLIENT,
  credentials_wrong: BAD_CLIENT,
  credentials_by_other_method: BAD_CLIENT,
  code_missing: told('invalid_request', 'code is missing.'),
  verifier_missing: told('invalid_request', 'code_verifier is missing or malformed.'),
  code_unknown: BAD_CODE,
  code_of_another_client: BAD_CODE,
  code_expired: BAD_CODE,
  code_replayed: BAD_CODE,
  code_used_at_once: BAD_CODE,
  redirect_uri_differs: BAD_CODE,
  verifier_wrong: BAD_CODE,
  refresh_token_missing: told('invalid_request', 'refresh_token is missing.'),
  refresh_token_unknown: BAD_GRANT,
  refresh_token_reused: BAD_GRANT,
  grant_of_another_client: BAD_GRANT,
  grant_expired: BAD_GRANT,
  grant_revoked: BAD_GRANT,
  person_left: BAD_GRANT,
  password_changed: BAD_GRANT,
  scope_widened: told('invalid_scope', 'scope asks for more than was granted.'),
  target_foreign: BAD_TARGET,
  token_missing: told('invalid_request', 'token is missing.'),
  service_unknown: told('invalid_token', 'Only services of this installation may ask.', 401),
} as const

/** Met at /register. */
const REGISTRATION = {
  json_expected: told('invalid_client_metadata', 'Send a JSON object.'),
  metadata_malformed: told('invalid_client_metadata', 'A member has the wrong type or is too long.'),
  client_name_malformed: told('invalid_client_metadata', 'client_name is longer than 256 characters.'),
  redirect_uris_missing: told('invalid_redirect_uri', 'redirect_uris must have at least one entry.'),
  redirect_uris_too_many: told('invalid_redirect_uri', 'redirect_uris may have at most 20 entries.'),
  redirect_uri_malformed: told(
    'invalid_redirect_uri',
    'A redirect URI is not absolute, is too long, or has a fragment or a user name.',
  ),
  redirect_uri_harmful: told('invalid_redirect_uri', 'A redirect URI has a scheme that is never accepted.'),
  redirect_uri_scheme: told(
    'invalid_redirect_uri',
    'No redirect URI has a scheme that is known here. The operator of this server can add it to CLIENT_REDIRECT_SCHEMES.',
  ),
  redirect_uri_not_https: told(
    'invalid_redirect_uri',
    'A redirect URI must use https, or http on the loopback address.',
  ),
  auth_method_unsupported: told(
    'invalid_client_metadata',
    'token_endpoint_auth_method must be none, client_secret_basic or client_secret_post.',
  ),
  grant_types_unsupported: told('invalid_client_metadata', 'grant_types must have authorization_code.'),
  response_types_unsupported: told('invalid_client_metadata', 'response_types must have code.'),
  registration_token_wrong: told(
    'invalid_token',
    'To register here, a client brings the initial access token that the operator of this server gives out.',
    401,
  ),
  registration_off: told('access_denied', 'Clients cannot register themselves at this server.', 403),
  registrations_too_many: told('temporarily_unavailable', 'Too many registrations; wait a little.', 429),
} as const

const ALL = { ...LOCAL, ...REDIRECTED, ...TOKEN, ...REGISTRATION } as const

export type Refusal = keyof typeof ALL

/** Whether it must be shown here, because nobody to redirect to is known yet (RFC 6749 §4.1.2.1). */
export const isLocal = (reason: Refusal): boolean => reason in LOCAL

/** A reason as the RFCs word it. Complete by its type: a new reason does not compile without its answer. */
export const oauthError = (reason: Refusal): OAuthError => ALL[reason]

/** What a rule decided: its value, or the reason against it. */
export type Ruled<T> = Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; reason: Refusal }>

export const allowed = <T>(value: T): Readonly<{ ok: true; value: T }> => ({ ok: true, value })
export const refused = (reason: Refusal): Readonly<{ ok: false; reason: Refusal }> => ({ ok: false, reason })
