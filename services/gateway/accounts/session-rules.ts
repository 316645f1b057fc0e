// How somebody proved who they are in a browser, and what follows from it. Pure.

/** How a person signs in. */
export type SignInMethod = 'password' | 'mailed_link' | 'oidc' | 'passkey'

/** Proofs that are second factors beside a password or a link. `oidc_factor`: the provider says that it asked for two. */
export type SecondMethod = 'passkey' | 'code' | 'recovery_code' | 'oidc_factor'

/** Everything that a session may have been proved by: how it began, and what was added in it. */
export type SessionMethod = SignInMethod | SecondMethod

/** What a session says about its proofs. Sessions older than these fields have neither. */
type Proved = Readonly<{
  created_at: Date
  /** When the person last proved who they are. Absent: when the session began. */
  authenticated_at?: Date
  /** What they proved it by. Absent: not recorded. */
  methods?: readonly SessionMethod[]
}>

const SECOND: ReadonlySet<SessionMethod> = new Set(['passkey', 'code', 'recovery_code', 'oidc_factor'])

/** How recent a proof must be for what is dangerous: a new token, an owner, the second factor, a deletion (ms). */
export const RECENT_MS = 15 * 60_000
/** How recent it must be for letting an app approve tasks (ms). */
export const RECENT_FOR_APPROVE_MS = 12 * 60 * 60_000

/**
 * Whether a session counts as proved by two factors. A passkey alone does where it began the session: its device checked the
 * person, and signing in by it asks for that.
 */
export const hasSecondFactor = ({ methods = [] }: Pick<Proved, 'methods'>): boolean =>
  methods.some((method) => SECOND.has(method))

/** Whether the person of a session proved who they are within the last `within_ms`. */
export const isRecent = (
  { created_at, authenticated_at = created_at }: Proved,
  now: Date,
  within_ms: number,
): boolean => now.getTime() - authenticated_at.getTime() < within_ms

/** How long sessions last (ms): in all, and unused. */
export type SessionLimits = Readonly<{ lasts_ms: number; idle_ms: number }>

/** Whether a session has ended by itself: too old, or unused for too long. Sessions of earlier releases noted no use. */
export const isOver = (
  { expires_at, used_at }: Readonly<{ expires_at: Date; used_at?: Date }>,
  now: Date,
  idle_ms: number,
): boolean => expires_at <= now || (used_at !== undefined && now.getTime() - used_at.getTime() >= idle_ms)
