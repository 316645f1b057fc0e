// What an operator sets about the authorization server, in the units that the rules count in. Pure.
import type { Config } from '../../../shared/process/config.ts'

/** Durations of what is issued (ms). */
export type Lifetimes = Readonly<{
  access_ms: number
  /** A grant ends when it was not refreshed for this long. */
  refresh_ms: number
  /** For this long the refresh token that was just replaced still gets its successor. */
  grace_ms: number
}>

export type OAuthSettings = Lifetimes &
  Readonly<{
    /** Whether clients may register themselves (RFC 7591), and whether only with the initial access token. */
    registration: Config['CLIENT_REGISTRATION']
    registration_token: string | undefined
    /** Schemes of redirect URIs that are accepted beside the known ones. */
    redirect_schemes: ReadonlySet<string>
    /** A client may be the address of a document about it. */
    documents: boolean
    /** Such documents may be on this machine, without TLS. Two variables must say so: no slip of one opens it. */
    loopback_documents: boolean
  }>

/** Reads them from the environment's variables. */
export const oauthSettings = (config: Config): OAuthSettings => ({
  access_ms: config.ACCESS_TOKEN_MINUTES * 60_000,
  refresh_ms: config.REFRESH_TOKEN_DAYS * 24 * 60 * 60_000,
  grace_ms: config.REFRESH_GRACE_SECONDS * 1_000,
  registration: config.CLIENT_REGISTRATION,
  registration_token: config.CLIENT_REGISTRATION_TOKEN,
  redirect_schemes: new Set(config.CLIENT_REDIRECT_SCHEMES ?? []),
  documents: config.CLIENT_METADATA_DOCUMENTS === 'on',
  loopback_documents: config.NODE_ENV === 'test' && config.CLIENT_METADATA_LOOPBACK === 'allowed',
})
