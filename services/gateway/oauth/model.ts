// The documents of the authorization server, as types. Pure; what they mean is in rules.ts, how they are kept in store.ts.
import type { JWK } from 'jose'
import type { Scope } from '../../../shared/contracts/define/common.ts'

/** How a client proves itself at the token endpoint. */
export const AUTH_METHODS = ['none', 'client_secret_basic', 'client_secret_post'] as const
export type AuthMethod = (typeof AUTH_METHODS)[number]

/** An app that may ask for access. Its texts are by its makers: never shown without saying so. */
export type Client = {
  /** The client_id: one that we gave out, or the address of a document about the client. */
  _id: string
  name: string
  redirect_uris: string[]
  grant_types: string[]
  auth_method: AuthMethod
  /** SHA-256 of its secret; absent for a public client. */
  secret_hash?: string
  /** Further members of its registration, given back as they came. */
  metadata: Record<string, unknown>
  created_at: Date
  expires_at: Date
  /** Only of a client that is known by a document: until when that counts as read. */
  fresh_until?: Date
}

/** What a person decided about a request; `null` scopes: denied. */
export type Decision =
  | { allow: false; at: Date }
  | {
      allow: true
      at: Date
      user_id: string
      password_version?: number
      workspace_id: string
      membership_id?: string
      scopes: Scope[]
    }

/** A checked request for authorization that waits for its person. */
export type AuthorizationRequest = {
  /** SHA-256 of the id that is in the pages' addresses. */
  _id: string
  /** The grant that an approval makes: chosen here, so that a second click makes no second one. */
  grant_id: string
  client_id: string
  client_name: string
  redirect_uri: string
  state: string | null
  challenge: string
  scopes: Scope[]
  resource: string
  session_id: string | null
  decision: Decision | null
  created_at: Date
  expires_at: Date
}

/** Why a grant ended. */
export type RevokeReason = 'code_replayed' | 'refresh_reused' | 'revoked_by_client' | 'revoked_by_person'

/** That a person lets a client work in one workspace: the family of all tokens that come of it. */
export type Grant = {
  _id: string
  client_id: string
  client_name: string
  redirect_uri: string
  user_id: string
  /** The password that the person had when they allowed it: with another one it has ended. Absent: 1. */
  password_version?: number
  /** The workspace. */
  ws: string
  /** The membership under which they allowed it; see Membership. */
  membership_id?: string
  scopes: Scope[]
  resource: string
  code: { challenge: string; expires_at: Date; used_at: Date | null }
  /** Generation of the current refresh token; 0 until the code is used. */
  gen: number
  rotated_at: Date
  /** The highest generation whose access token was used: proof that its client has that answer. */
  used_gen: number
  last_used_at: Date | null
  /** When its client was last sent to ask for more, and the generation of the token that it had then. */
  challenged?: { gen: number; at: Date }
  revoked: { reason: RevokeReason; at: Date } | null
  /** Access tokens that were revoked one by one. */
  ended_tokens: { jti: string; expires_at: Date }[]
  created_at: Date
  /** When the refresh token expires; each use moves it on, up to `ends_at`. */
  expires_at: Date
  ends_at: Date
  purge_at: Date
}

/** A key that access tokens are signed with. */
export type SigningKey = {
  /** The `kid`. */
  _id: string
  /** Unique: of instances that make the same number at once, one wins. */
  number: number
  public_jwk: JWK
  /** The private JWK as a compact JWE. */
  private_jwe: string
  /** When it was sealed under a secret that had taken the place of another. */
  sealed_at?: Date
  created_at: Date
}
