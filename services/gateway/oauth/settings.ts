// What an operator configures about the authorization server, in the units of its rules. Pure.
import type { Config } from '../../../shared/process/config.ts'

/** Lifetimes of what is issued (ms). */
export type Lifetimes = Readonly<{
  access_ms: number
  /** A grant ends when it is not refreshed for this long. */
  refresh_ms: number
  /** How long a replaced refresh token still gets its successor. */
  grace_ms: number
}>

export type OAuthSettings = Lifetimes &
  Readonly<{
    /** Whether clients may register themselves (RFC 7591), and whether only with the initial access token. */
    registration: Config['CLIENT_REGISTRATION']
    registration_token: string | undefined
    /** Further schemes of redirect URIs that are accepted. */
    redirect_schemes: ReadonlySet<string>
    /** Whether a client id may be the URL of a document about the client. */
    documents: boolean
    /** Whether such documents may be on this machine, without TLS. Two variables must say so: one slip opens nothing. */
    loopback_documents: boolean
    /** The identity providers whose assertions become tokens without a consent page. */
    enterprise_issuers: readonly string[]
    /** The workspace that these are about; undefined: the person's only one. */
    enterprise_workspace: string | undefined
  }>

/** Derives them from the configuration. */
export const oauthSettings = (config: Config): OAuthSettings => ({
  access_ms: config.ACCESS_TOKEN_MINUTES * 60_000,
  refresh_ms: config.REFRESH_TOKEN_DAYS * 24 * 60 * 60_000,
  grace_ms: config.REFRESH_GRACE_SECONDS * 1_000,
  registration: config.CLIENT_REGISTRATION,
  registration_token: config.CLIENT_REGISTRATION_TOKEN,
  redirect_schemes: new Set(config.CLIENT_REDIRECT_SCHEMES ?? []),
  documents: config.CLIENT_METADATA_DOCUMENTS === 'on',
  enterprise_issuers: config.ENTERPRISE_ISSUERS ?? [],
  enterprise_workspace: config.ENTERPRISE_WORKSPACE,
  loopback_documents: config.NODE_ENV === 'test' && config.CLIENT_METADATA_LOOPBACK === 'allowed',
})
