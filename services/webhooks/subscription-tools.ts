// The operations of subscriptions: to subscribe, which also refreshes, and to end it. The document is the subscription: what is
// not verified is not stored.
import { createHash } from 'node:crypto'
import { checkInput } from '../../shared/contracts/define/check.ts'
import type { Caller, Handlers } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { EVENT_TYPES, type EventTypeName } from '../../shared/contracts/event-types.ts'
import type { webhooks } from '../../shared/contracts/webhooks/contract.ts'
import { MAX_SUBSCRIPTIONS } from '../../shared/contracts/webhooks/subscriptions.ts'
import type { Subscription as Listening } from '../../shared/events/occurrence-rules.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import { seal, tryUnseal } from '../../shared/process/sealing.ts'
import type { Keys } from '../../shared/process/service-keys.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import { canonical } from '../../shared/storage/idempotency.ts'
import {
  connectionOf,
  deliveryStatus,
  grantedUntil,
  isLive,
  readSecret,
  refreshed,
  type Subscription,
} from './subscription-rules.ts'
import type { SubscriptionStore } from './subscription-store.ts'
import type { Verify } from './verification.ts'
import { readTarget } from './webhook-rules.ts'

export type SubscriptionDeps = Readonly<{
  subscriptions: SubscriptionStore
  verify: Verify
  keys: Keys
  loopback: boolean
  /** The database's. */
  clock: Clock
  ids: Ids
  /** Wakes the sender. */
  nudge: () => void
}>

type Some = Pick<Handlers<typeof webhooks>, 'subscribe_events' | 'unsubscribe_events'>
type Asked = Readonly<{ name: EventTypeName; arguments: Readonly<Record<string, unknown>>; url: string }>

/** The id of a subscription. It says nothing, and opens nothing. */
const idOf = (
  { workspace_id, grant_id }: Pick<Caller, 'workspace_id' | 'grant_id'>,
  url: string,
  { name, arguments: asked }: Listening,
): string => {
  const key = canonical([workspace_id, grant_id, url, name, asked])
  return `sub_${createHash('sha256').update(key).digest('base64url').slice(0, 32)}`
}

/** What is listened to, and where it is sent. @throws AppError `invalid_argument`. */
const targetOf = (
  { loopback }: Pick<SubscriptionDeps, 'loopback'>,
  { name, arguments: given, url }: Asked,
  caller: Caller,
) => {
  const listening = { name, arguments: checkInput(EVENT_TYPES[name].arguments, given) } as Listening
  const target = readTarget(url, loopback)
  return { listening, url: target, id: idOf(caller, target, listening) }
}

const lowestFree = (taken: readonly number[], most: number): number | undefined => {
  const used = new Set(taken)
  return Array.from({ length: most }, (_, slot) => slot).find((slot) => !used.has(slot))
}

/** Free slots for one more subscription. @throws AppError `limit_exceeded`. */
const freeSlots = (
  live: readonly Subscription[],
  grant_id: string,
): Pick<Subscription, 'slot' | 'slot_of_grant'> => {
  const own = live.filter((one) => one.grant_id === grant_id).map(({ slot_of_grant }) => slot_of_grant)
  const slot_of_grant = lowestFree(own, MAX_SUBSCRIPTIONS.connection)
  const slot = lowestFree(
    live.map((one) => one.slot),
    MAX_SUBSCRIPTIONS.workspace,
  )
  if (slot !== undefined && slot_of_grant !== undefined) return { slot, slot_of_grant }
  const [whose, max] =
    slot_of_grant === undefined
      ? ['connection', MAX_SUBSCRIPTIONS.connection]
      : ['workspace', MAX_SUBSCRIPTIONS.workspace]
  throw new AppError('limit_exceeded', `This ${whose} has ${max} subscriptions, which is the most.`, {
    hint: 'End one with events/unsubscribe, or let one expire.',
    details: { limit: 'subscriptions', max },
  })
}

const subscribe =
  (deps: SubscriptionDeps): Some['subscribe_events'] =>
  async ({ secret: given, ttl_ms, resumes, ...asked }, { caller }) => {
    const { subscriptions, keys, clock, ids } = deps
    const connection = connectionOf(caller)
    const { workspace_id: ws, grant_id, scopes } = connection
    const { id, url, listening } = targetOf(deps, asked, connection)
    const secret = readSecret(given)
    const sealed = () => seal(keys, id, secret, ids.token())
    /** Whether the address has confirmed: a subscription of this connection to it is there, or it has just been asked. */
    let verified = false
    return untilSaved(async () => {
      const now = clock.now()
      const live = await subscriptions.listLive(ws, now)
      const before = live.find(({ _id }) => _id === id)
      const until = grantedUntil(ttl_ms, now)
      const answer = { id, refresh_before: until.toISOString() }
      if (before) {
        const [present] = before.secrets
        const kept = present && tryUnseal(keys, id, present.sealed)
        // Sealed anew too where a newer key is there now.
        const isKept = kept?.secret === secret && kept.newest
        const refresh = { scopes, until, sealed: isKept ? undefined : sealed() }
        if (!(await subscriptions.save(before, refreshed(before, refresh, now)))) return undefined
        deps.nudge()
        return { ...answer, truncated: false, delivery_status: deliveryStatus(before) }
      }
      verified ||= live.some((one) => one.grant_id === grant_id && one.url === url)
      const slots = freeSlots(live, grant_id)
      if (!verified) await deps.verify({ url, secret, subscription_id: id })
      verified = true
      await subscriptions.removeExpired(ws, now)
      const fresh: Subscription = {
        _id: id,
        ws,
        v: 1,
        ...slots,
        grant_id,
        scopes,
        listening,
        url,
        secrets: [{ sealed: sealed(), until: null }],
        since: clock.now(),
        expires_at: until,
        delivered_at: null,
        last_error: null,
        failing_since: null,
      }
      return (await subscriptions.insert(fresh)) ? { ...answer, truncated: resumes } : undefined
    }, ids.random)
  }

const unsubscribe =
  (deps: SubscriptionDeps): Some['unsubscribe_events'] =>
  async (asked, { caller }) => {
    const connection = connectionOf(caller)
    const { id } = targetOf(deps, asked, connection)
    const found = await deps.subscriptions.find(connection.workspace_id, id)
    const isRemoved = await deps.subscriptions.remove(connection.workspace_id, id)
    if (isRemoved && found && isLive(found, deps.clock.now())) return {}
    throw new AppError('not_found', 'There is no such subscription.', { details: { kind: 'subscription' } })
  }

/** The handlers of the operations of subscriptions. */
export const subscriptionHandlers = (deps: SubscriptionDeps): Some => ({
  subscribe_events: subscribe(deps),
  unsubscribe_events: unsubscribe(deps),
})
