// The documents of the authorization server as types. Pure. Their rules are in grant-rules.ts, their storage in oauth-store.ts.
import type { JWK } from 'jose'
import type { Scope } from '../../../shared/contracts/define/common.ts'
import type { ServiceKeys } from '../accounts/service-key-rules.ts'

/** How a client authenticates at the token endpoint (RFC 7591 §2). */
export const AUTH_METHODS = ['none', 'client_secret_basic', 'client_secret_post'] as const
export type AuthMethod = (typeof AUTH_METHODS)[number]
/** How a service account with keys of its own authenticates (RFC 7523 §2.2). Clients do not register with it. */
export const KEY_METHOD = 'private_key_jwt'

/** An app that may ask for access. Its texts come from its makers; no page shows them without saying so. */
export type Client = {
  /** The client_id: one that registration gave out, or the URL of a document about the client. */
  _id: string
  name: string
  redirect_uris: string[]
  grant_types: string[]
  auth_method: AuthMethod | typeof KEY_METHOD
  /** SHA-256 of its secret; absent for a public client. */
  secret_hash?: string
  /** SHA-256 of the secret before, while that still works. */
  old_secret_hash?: string
  /** The keys of a service account that proves itself by them; never stored here. */
  keys?: ServiceKeys
  /** Further members of its registration, echoed unchanged. */
  metadata: Record<string, unknown>
  /** Registered by the operator. Absent: by itself. */
  preregistered?: boolean
  created_at: Date
  expires_at: Date
  /** Only for a client with a document: until when that is fresh. */
  fresh_until?: Date
}

/** What a person decided about a request. */
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

/** A checked authorization request that waits for its person. */
export type AuthorizationRequest = {
  /** SHA-256 of the id in the pages' URLs. */
  _id: string
  /** The id of the grant that a consent makes: chosen in advance, so that a second click makes no second one. */
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
export type RevokeReason =
  | 'code_replayed'
  | 'refresh_reused'
  | 'revoked_by_client'
  | 'revoked_by_person'
  /** By the owner or an admin of its workspace. */
  | 'revoked_by_manager'
  /** By the identity provider of its person. */
  | 'revoked_by_provider'

/** A person's permission for a client to work in one workspace: the family of all tokens issued under it. */
export type Grant = {
  _id: string
  client_id: string
  client_name: string
  redirect_uri: string
  user_id: string
  /** The person's password version at consent: with another one the grant has ended. Absent: 1. */
  password_version?: number
  /** The workspace. */
  ws: string
  /** The membership under which the person consented; see Membership. */
  membership_id?: string
  scopes: Scope[]
  resource: string
  /** Only for one that an identity provider allows instead of a consent: which one. */
  enterprise?: { iss: string }
  code: { challenge: string; expires_at: Date; used_at: Date | null }
  /** Generation of the current refresh token; 0 until the code is used. */
  gen: number
  rotated_at: Date
  /** The highest generation whose access token was used, which proves that the client received it. */
  used_gen: number
  last_used_at: Date | null
  /** When its client was last challenged to ask for more scopes, and the generation of its token then. */
  challenged?: { gen: number; at: Date }
  revoked: { reason: RevokeReason; at: Date } | null
  /** Access tokens that were revoked one by one. */
  ended_tokens: { jti: string; expires_at: Date }[]
  created_at: Date
  /** When the refresh token expires. Each use extends it, up to `ends_at`. */
  expires_at: Date
  ends_at: Date
  purge_at: Date
}

/** A key that signs access tokens. */
export type SigningKey = {
  /** The `kid`. */
  _id: string
  /** Unique: of gateways that make the same number at once, one wins. */
  number: number
  public_jwk: JWK
  /** The private JWK as a compact JWE. */
  private_jwe: string
  /** When it was last sealed again, under a secret that replaced another. */
  sealed_at?: Date
  created_at: Date
}
