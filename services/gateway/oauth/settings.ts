// What an operator sets about the authorization server, in the units that the rules count in. Pure.
import type { Config } from '../../../shared/config.ts'

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
    /** Clients may register themselves (RFC 7591). */
    registration: boolean
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
  registration: config.CLIENT_REGISTRATION === 'open',
  documents: config.CLIENT_METADATA_DOCUMENTS === 'on',
  loopback_documents: config.NODE_ENV === 'test' && config.CLIENT_METADATA_LOOPBACK === 'allowed',
})
