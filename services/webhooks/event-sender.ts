// Makes the pending calls to subscriptions. At each try it asks whom the connection acts for now and what they see.
import { startBudget } from '../../shared/bus/headers.ts'
import type { Client, MemberCall } from '../../shared/contracts/define/contract.ts'
import type { gateway } from '../../shared/contracts/gateway/contract.ts'
import { occurrencesOf, type Witnesses } from '../../shared/events/occurrences.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { FaultPoint } from '../../shared/process/fault-points.ts'
import type { Ids } from '../../shared/process/ids.ts'
import type { Log } from '../../shared/process/log.ts'
import { type Metrics, noMetrics } from '../../shared/process/metrics.ts'
import { unsealSome } from '../../shared/process/sealing.ts'
import type { Keys } from '../../shared/process/service-keys.ts'
import type { Ref } from '../../shared/storage/by-workspace.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import type { Ending } from '../../shared/storage/pending-work.ts'
import { startWorker, type WorkContext, type Worker } from '../../shared/storage/worker.ts'
import { callSigned } from './calls.ts'
import {
  type EventDelivery,
  type EventNext,
  judgeCall,
  judgeUntried,
  MEDIA_TYPE,
  SUBSCRIPTION_HEADER,
} from './event-delivery-rules.ts'
import type { EventDeliveries } from './event-delivery-store.ts'
import type { Standing } from './standing.ts'
import { isLive, mayListen, noted, type Subscription } from './subscription-rules.ts'
import type { SubscriptionStore } from './subscription-store.ts'
import { signingSecrets } from './webhook-rules.ts'

export type EventSenderDeps = Readonly<{
  subscriptions: Pick<SubscriptionStore, 'find' | 'findAll' | 'save' | 'remove'>
  deliveries: Pick<EventDeliveries, 'claim' | 'renew' | 'record' | 'release'>
  standing: Standing
  /** Says whom a connection acts for now. */
  gateway: Pick<Client<typeof gateway>, 'get_connection'>
  /** Say what they see. */
  witnesses: Witnesses
  /** Opens the secrets of subscriptions. */
  keys: Keys
  loopback: boolean
  /** The database's. */
  clock: Clock
  ids: Pick<Ids, 'next' | 'random'>
  log: Log
  /** Steps: `event.answered`: the receiver has it, and it is not recorded yet. */
  at: FaultPoint
  term_ms?: number
  /** How long to wait between two looks for what several replicas look for (ms). */
  shared?: (interval_ms: number) => number
  metrics?: Pick<Metrics, 'count' | 'observe'>
}>

/** What the calls to subscriptions are among the calls that are measured. */
const KIND = 'subscription'

/** Most calls under way in a process. */
const PARALLEL = 128
/** Time for the answer of a receiver (ms), which should accept an event and work on it later. */
const TIMEOUT_MS = 10_000
/** Time for asking what a reader sees (ms). */
const LOOK_MS = 8_000
/** The number of the error `Forbidden` (SEP-3415, Error Handling). */
const FORBIDDEN = -32_024

/** What is sent: an occurrence, or that the subscription has ended. */
type Message = Readonly<{ id: string; body: string; ends: boolean }>

/** The call that a connection would make itself now; undefined when it may not hear of events any more. */
const callFor = async (
  { gateway, clock, ids }: EventSenderDeps,
  { grant_id, scopes }: Subscription,
): Promise<MemberCall | undefined> => {
  const request_id = ids.next()
  const asking = { caller: null, request_id, ...startBudget(clock, LOOK_MS) }
  const { caller } = await gateway.get_connection({ grant_id }, asking)
  if (!caller) return undefined
  const allowed = caller.scopes.filter((scope) => scopes.includes(scope))
  return mayListen(allowed)
    ? { caller: { ...caller, scopes: allowed }, request_id, ...startBudget(clock, LOOK_MS) }
    : undefined
}

/** What a subscription is told of an event now; undefined: nothing. */
const messageOf = async (
  deps: EventSenderDeps,
  subscription: Subscription,
  { event }: EventDelivery,
): Promise<Message | undefined> => {
  const call = await callFor(deps, subscription)
  if (!call) {
    const error = { code: FORBIDDEN, message: 'Forbidden', data: { reason: 'Access revoked' } }
    const body = JSON.stringify({ type: 'terminated', error })
    // The same for each call that says so, since each of several pending ones does.
    return { id: `msg_terminated_${subscription._id}`, body, ends: true }
  }
  const [occurrence] = await occurrencesOf(deps.witnesses, [event], subscription.listening, call)
  return occurrence && { id: occurrence.eventId, body: JSON.stringify(occurrence), ends: false }
}

/** Notes how a call went, or removes a subscription that was told of its end. */
const afterCall = (
  deps: EventSenderDeps,
  { _id, ws }: Ref,
  next: EventNext,
  ends: boolean,
): Promise<boolean> =>
  untilSaved(async () => {
    const before = await deps.subscriptions.find(ws, _id)
    if (!before) return true
    if (ends) {
      if (next.status !== 'pending') await deps.subscriptions.remove(ws, _id)
      return true
    }
    const changed = noted(before, next.fault, deps.clock.now())
    return !changed || (await deps.subscriptions.save(before, changed)) || undefined
  }, deps.ids.random)

const endingOf = (
  work: EventDelivery,
  { status, answer, due_at, counted }: EventNext,
): Ending<EventDelivery> => ({
  work,
  set: { status, answer },
  ...(due_at ? { due_at } : {}),
  counted,
})

/** Starts sending. `nudge` says that there are new deliveries. */
export const startEventSender = (deps: EventSenderDeps): Worker => {
  const { subscriptions, deliveries, standing, keys, loopback, clock, ids, log, at } = deps
  const { metrics = noMetrics } = deps
  const settled = (status: 'skipped' | 'failed', answer: string): EventNext => ({
    status,
    answer,
    counted: true,
  })

  const attempt = async (
    subscription: Subscription | undefined,
    delivery: EventDelivery,
    context: WorkContext,
  ) => {
    if (!subscription || !isLive(subscription, clock.now()))
      return endingOf(delivery, settled('failed', 'the subscription has ended'))
    const message = await messageOf(deps, subscription, delivery)
    if (!message) return endingOf(delivery, settled('skipped', 'there is nothing to tell'))
    if (!context.isHeld()) return endingOf(delivery, judgeUntried(delivery, clock.now(), ids.random()))
    const now = clock.now()
    const { _id, url } = subscription
    const sealed = signingSecrets(subscription, now).map((one) => one.sealed)
    const secrets = unsealSome(keys, _id, sealed)
    const headers = { [SUBSCRIPTION_HEADER]: _id }
    const { id, body, ends } = message
    const call = { url, id, body, media_type: MEDIA_TYPE, secrets, headers, timeout_ms: TIMEOUT_MS }
    const start_ms = clock.monotonicMs()
    const outcome = await callSigned(call, loopback, now)
    const took_ms = clock.monotonicMs() - start_ms
    metrics.observe('loops_webhook_call_duration_seconds', { kind: KIND }, took_ms / 1_000)
    at('event.answered')
    const next = judgeCall(outcome, delivery, clock.now(), ids.random())
    metrics.count('loops_webhook_tries_total', { kind: KIND, outcome: next.status })
    standing.prove(_id, next.status === 'delivered')
    return { ...endingOf(delivery, next), afterwards: () => afterCall(deps, subscription, next, ends) }
  }

  return startWorker<EventDelivery, Subscription | undefined>({
    ...deps,
    random: ids.random,
    pending: deliveries,
    prepare: async (claimed) => {
      const found = await subscriptions.findAll(
        claimed.map(({ ws, subscription_id }) => ({ _id: subscription_id, ws })),
      )
      standing.note(found.values())
      return claimed.map(({ subscription_id }) => found.get(subscription_id))
    },
    perform: (subscription, delivery, context) =>
      attempt(subscription, delivery, context).catch((error: unknown) => {
        log.warn('event could not be told from here', { delivery: delivery._id, error })
        return endingOf(delivery, judgeUntried(delivery, clock.now(), ids.random()))
      }),
    limits: { hold: PARALLEL, reserve: 0, parallel: PARALLEL, unrecorded: PARALLEL },
    shares: standing.shares,
  })
}
