// How somebody proved who they are in a browser, and what follows from it. Pure; it stands alone, since stores and pages both go
// by it.

/** How a person signs in. */
export type SignInMethod = 'password' | 'mailed_link' | 'oidc' | 'passkey'

/** Everything that a session may have been proved by: how it began, and what was added in it. */
export type SessionMethod = SignInMethod

/** What a session says about its proofs. Sessions older than these fields have neither. */
export type Proved = Readonly<{
  created_at: Date
  /** When the person last proved who they are. Absent: when the session began. */
  authenticated_at?: Date
  /** What they proved it by. Absent: not recorded. */
  methods?: readonly SessionMethod[]
}>

/** When the person of a session last proved who they are. */
export const provedAt = ({ created_at, authenticated_at }: Proved): Date => authenticated_at ?? created_at
