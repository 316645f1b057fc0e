// The subscription of a connection to a type of event: who it is of, how long it lasts, which events it gets. Pure.
import type { Scope } from '../../shared/contracts/define/common.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { includesScope } from '../../shared/contracts/define/scopes.ts'
import {
  type CallFault,
  type DeliveryStatus,
  SUBSCRIPTION_MS,
} from '../../shared/contracts/webhooks/subscriptions.ts'
import type { Subscription as Listening } from '../../shared/events/occurrence-rules.ts'
import type { KeptSecret } from './webhook-rules.ts'

/** A subscription as it is stored. Once it has expired it is none, whether its document is still there or not. */
export type Subscription = Readonly<{
  /** Follows from the connection, the address, the type and its arguments. */
  _id: string
  ws: string
  v: number
  /** Numbers from 0, unique in the workspace and in the connection: the unique indexes on them limit how many there can be. */
  slot: number
  slot_of_grant: number
  grant_id: string
  /** What the connection was allowed when it subscribed last. */
  scopes: readonly Scope[]
  listening: Listening
  url: string
  /** The current one first. */
  secrets: readonly KeptSecret[]
  /** It gets what happened since then. */
  since: Date
  expires_at: Date
  delivered_at: Date | null
  last_error: CallFault | null
  failing_since: Date | null
}>

/** What may be subscribed to with: whoever reads may hear of it. */
const SCOPE: Scope = 'loops:read'
/** How long the previous secret still signs beside a new one (ms): as long as calls signed with it may be on their way. */
const OLD_SECRET_MS = 15 * 60_000
/** How often a success is noted (ms). */
const NOTED_EVERY_MS = 60_000

/** Whether a connection with these scopes may hear of events. */
export const mayListen = (scopes: readonly Scope[]): boolean => includesScope(scopes, SCOPE)

/**
 * The connection that subscribes.
 * @throws AppError `forbidden` without one, or when it may not read.
 */
export const connectionOf = (caller: Caller | null): Caller & Readonly<{ grant_id: string }> => {
  if (!caller?.grant_id) throw new AppError('forbidden', 'Only a connected client can subscribe to events.')
  if (!mayListen(caller.scopes))
    throw new AppError('forbidden', `This needs the scope ${SCOPE}.`, { details: { scope: SCOPE } })
  return { ...caller, grant_id: caller.grant_id }
}

/** The form of a secret (Standard Webhooks), in padded base64. */
const SECRET = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/

/** A secret as the client chose it. @throws AppError `invalid_argument` for any that Standard Webhooks does not allow. */
export const readSecret = (text: string): string => {
  const [, encoded = ''] = SECRET.exec(text) ?? []
  const { length } = Buffer.from(encoded, 'base64')
  if (length >= 24 && length <= 64) return text
  throw new AppError('invalid_argument', 'The secret must be whsec_ and 24 to 64 random bytes in base64.', {
    details: { field: 'secret' },
  })
}

/** Until when a subscription is granted, whatever was asked for. */
export const grantedUntil = (ttl_ms: number | null | undefined, now: Date): Date => {
  const { least, usual, most } = SUBSCRIPTION_MS
  const asked_ms = ttl_ms === null ? most : (ttl_ms ?? usual)
  return new Date(now.getTime() + Math.min(Math.max(asked_ms, least), most))
}

/** Whether a subscription is in force. */
export const isLive = ({ expires_at }: Pick<Subscription, 'expires_at'>, now: Date): boolean =>
  expires_at > now

/** What a refresh asks for. `sealed`: the secret, if it is another one than before. */
type Refresh = Readonly<{ scopes: readonly Scope[]; until: Date; sealed: string | undefined }>

/** The subscription after a refresh. The previous secret signs beside a new one for a while. */
export const refreshed = (
  before: Subscription,
  { scopes, until, sealed }: Refresh,
  now: Date,
): Subscription => {
  const [present] = before.secrets
  const secrets =
    sealed === undefined
      ? before.secrets
      : [
          { sealed, until: null },
          ...(present ? [{ ...present, until: new Date(now.getTime() + OLD_SECRET_MS) }] : []),
        ]
  return { ...before, scopes, secrets, expires_at: until }
}

/** Whether a subscription gets what happened then: not before it began, and not what came very late. */
export const isInTime = ({ since }: Pick<Subscription, 'since'>, at: Date, now: Date): boolean =>
  at >= since && now.getTime() - at.getTime() < SUBSCRIPTION_MS.most

/** How a call of a subscription ended: undefined fault for success. */
export const noted = (
  before: Subscription,
  fault: CallFault | undefined,
  now: Date,
): Subscription | undefined => {
  if (fault !== undefined)
    return before.last_error === fault && before.failing_since !== null
      ? undefined
      : { ...before, last_error: fault, failing_since: before.failing_since ?? now }
  const isRecent = now.getTime() - (before.delivered_at?.getTime() ?? 0) < NOTED_EVERY_MS
  if (before.failing_since === null && isRecent) return undefined
  return { ...before, delivered_at: now, last_error: null, failing_since: null }
}

/** How the calls of a subscription went lately, for its client. */
export const deliveryStatus = ({
  delivered_at,
  last_error,
  failing_since,
}: Subscription): DeliveryStatus => ({
  active: true,
  last_delivery_at: delivered_at?.toISOString() ?? null,
  last_error,
  ...(failing_since ? { failed_since: failing_since.toISOString() } : {}),
})
