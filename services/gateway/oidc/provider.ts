// Talks to one identity provider: discovery, the way there, the exchange of a code. Only this file and logout-token.ts know
// the libraries. The operator chose the provider, so its addresses may be private ones; time and bytes are bounded.
import * as client from 'openid-client'
import type { Clock } from '../../../shared/process/clock.ts'
import type { Log } from '../../../shared/process/log.ts'
import type { OidcRefusal } from './oidc-rules.ts'
import { callbackPath, type OidcSettings } from './settings.ts'

/** Bounds of one request to a provider. */
const TIMEOUT_S = 8
const MAX_BYTES = 1024 * 1024
/** How long what was discovered is used, and how long a provider that was away is not asked again (ms). */
const KEPT_MS = 60_000
const AWAY_MS = 5_000

/** What ties an answer to its question. */
export type Secrets = Readonly<{ state: string; nonce: string; code_verifier: string }>

/** The claims of a verified ID token, or why there are none. */
export type Exchanged =
  | Readonly<{ ok: true; claims: Readonly<Record<string, unknown>> }>
  | Readonly<{ ok: false; reason: OidcRefusal; detail: string }>

export type Provider = Readonly<{
  settings: OidcSettings
  /** What the provider publishes about itself; undefined when it cannot be reached. Asked for when first needed. */
  discover: () => Promise<client.ServerMetadata | undefined>
  /** The address that a browser is sent to; undefined when the provider cannot be reached. */
  authorizationUrl: (secrets: Secrets) => Promise<URL | undefined>
  /** Exchanges the answer that came back for the claims of the person. */
  exchange: (answer: URLSearchParams, secrets: Secrets) => Promise<Exchanged>
  /** Fetches a document of the provider, such as its keys, within the bounds. */
  fetch: typeof boundedFetch
}>

const readBounded = async (response: Response): Promise<Uint8Array<ArrayBuffer>> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_BYTES) throw new Error('the answer of the provider is too large')
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** Fetches with bounds and follows no redirect: where one leads is not the provider’s word. */
const boundedFetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
  const timeout = AbortSignal.timeout(TIMEOUT_S * 1_000)
  const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
  const response = await fetch(url, { ...init, redirect: 'manual', signal })
  const body = await readBounded(response)
  const { status, statusText, headers } = response
  return new Response(status === 204 || status === 304 ? null : body, { status, statusText, headers })
}

/** RFC 6749 §2.3.1: the header, unless the provider says that it takes only the form (OpenID Connect Discovery §3). */
const authenticationOf = (
  secret: string | undefined,
  { token_endpoint_auth_methods_supported: methods }: client.ServerMetadata,
): client.ClientAuth => {
  if (secret === undefined) return client.None()
  return methods?.includes('client_secret_basic') !== false
    ? client.ClientSecretBasic(secret)
    : client.ClientSecretPost(secret)
}

const codeOf = (error: unknown): string => {
  const { code, error: answered, name } = error as { code?: string; error?: string; name?: string }
  return [code, answered].filter((one) => typeof one === 'string').join(' ') || (name ?? 'unknown')
}

/** Why an exchange failed. Whatever the provider or somebody in between sent wrongly counts as a bad token. */
const refusalOf = (error: unknown): OidcRefusal => {
  if (error instanceof client.AuthorizationResponseError)
    return error.error === 'access_denied' ? 'declined' : 'provider_error'
  if (error instanceof client.ResponseBodyError) return 'provider_error'
  const { code, cause } = error as { code?: string; cause?: { cause?: { parameters?: unknown } } }
  // Of the answer's parameters the issuer alone can be wrong: the sign-in was found by its state (RFC 9207 §2.4).
  if (code === 'OAUTH_INVALID_RESPONSE' && cause?.cause?.parameters !== undefined) return 'issuer'
  if (code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT' || error instanceof TypeError) return 'provider_away'
  return 'token'
}

type ProviderDeps = Readonly<{ clock: Clock; log: Log }>

/** An http issuer is on this machine: the configuration accepts no other. */
const insecureOf = ({ issuer }: OidcSettings) =>
  issuer.startsWith('http:') ? [client.allowInsecureRequests] : []

/** Finds out what a provider publishes, when first asked. `last` is what it said last, whether or not it is away now. */
const createDiscovery = (settings: OidcSettings, { clock, log }: ProviderDeps) => {
  const options = {
    [client.customFetch]: boundedFetch as client.CustomFetch,
    timeout: TIMEOUT_S,
    execute: insecureOf(settings),
  }
  let answer: { metadata: client.ServerMetadata | undefined; until_ms: number } | undefined
  let last: client.ServerMetadata | undefined
  let asking: Promise<client.ServerMetadata | undefined> | undefined
  const ask = async (): Promise<client.ServerMetadata | undefined> => {
    const { issuer, client_id, name } = settings
    try {
      const found = await client.discovery(new URL(issuer), client_id, undefined, client.None(), options)
      last = found.serverMetadata()
      answer = { metadata: last, until_ms: clock.monotonicMs() + KEPT_MS }
    } catch (error) {
      log.warn('an identity provider cannot be reached', { provider: name, reason: codeOf(error) })
      answer = { metadata: undefined, until_ms: clock.monotonicMs() + AWAY_MS }
    }
    asking = undefined
    return answer.metadata
  }
  const discover = async (): Promise<client.ServerMetadata | undefined> => {
    if (answer && clock.monotonicMs() < answer.until_ms) return answer.metadata
    asking ??= ask()
    return asking
  }
  return { discover, last: () => last }
}

/** New for each sign-in, so that the keys are read anew: one that was just replaced is not trusted any more. */
const configure = (settings: OidcSettings, metadata: client.ServerMetadata): client.Configuration => {
  const authentication = authenticationOf(settings.client_secret, metadata)
  const configuration = new client.Configuration(
    { ...metadata },
    settings.client_id,
    undefined,
    authentication,
  )
  configuration[client.customFetch] = boundedFetch as client.CustomFetch
  configuration.timeout = TIMEOUT_S
  // The signature counts too, not only that the token came over TLS (OpenID Connect Core §3.1.3.7).
  for (const apply of [...insecureOf(settings), client.enableNonRepudiationChecks]) apply(configuration)
  return configuration
}

const exchangeAt = async (
  configuration: client.Configuration,
  answer: URL,
  { state, nonce, code_verifier }: Secrets,
): Promise<Exchanged> => {
  const checks = {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: code_verifier,
    idTokenExpected: true,
  }
  try {
    const tokens = await client.authorizationCodeGrant(configuration, answer, checks)
    const claims = tokens.claims()
    return claims ? { ok: true, claims } : { ok: false, reason: 'token', detail: 'no ID token' }
  } catch (error) {
    return { ok: false, reason: refusalOf(error), detail: codeOf(error) }
  }
}

/**
 * Opens a provider. Nothing is asked of it before it is needed, so the gateway starts without it.
 * @param publicUrl the origin of this gateway.
 */
export const openProvider = (settings: OidcSettings, publicUrl: string, deps: ProviderDeps): Provider => {
  const redirect_uri = `${publicUrl}${callbackPath(settings)}`
  const { discover, last } = createDiscovery(settings, deps)
  return {
    settings,
    discover,
    fetch: boundedFetch,
    authorizationUrl: async ({ state, nonce, code_verifier }) => {
      const metadata = await discover()
      if (!metadata) return undefined
      return client.buildAuthorizationUrl(configure(settings, metadata), {
        redirect_uri,
        scope: settings.scopes,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(code_verifier),
        code_challenge_method: 'S256',
      })
    },
    exchange: async (answer, secrets) => {
      const metadata = last() ?? (await discover())
      if (!metadata) return { ok: false, reason: 'provider_away', detail: 'discovery' }
      const url = new URL(redirect_uri)
      url.search = answer.toString()
      return exchangeAt(configure(settings, metadata), url, secrets)
    },
  }
}
