// From a bearer token to the person, workspace and scopes that it stands for at this moment. Knows no HTTP.
import type { Caller } from '../../../shared/contract.ts'

/** Why a token does not count. For the log: whoever brought it is only told `invalid_token`. */
export type AccessRefusal = 'invalid' | 'expired' | 'revoked' | 'not_a_member'

/** What a token stands for. `expires_at` is in seconds since the epoch, as in the token. */
export type Access =
  | Readonly<{ ok: true; caller: Caller; grant_id: string; expires_at: number }>
  | Readonly<{ ok: false; reason: AccessRefusal }>

/**
 * Checks an access token.
 * @throws AppError `unavailable` when the database cannot tell: answer 503, for clients throw a token away on 401.
 */
export type VerifyAccess = (token: string) => Promise<Access>
