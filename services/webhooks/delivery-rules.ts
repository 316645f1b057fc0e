// One call to a webhook: how it is made, what an answer means, and when it is tried again. Pure.
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import type { DELIVERY_STATUSES, WebhookDelivery } from '../../shared/contracts/webhooks/shapes.ts'
import type { OutboundFault } from '../../shared/net/outbound.ts'
import { nextTry, type Schedule } from '../../shared/process/retries.ts'
import type { Webhook } from './webhook-rules.ts'

export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number]

export type Delivery = Readonly<{
  /** `<event id>:<webhook id>`, so a repeated event makes no second one. */
  _id: string
  ws: string
  v: number
  webhook_id: string
  event_id: string
  type: string
  /** The bytes that are sent: the event as JSON. */
  body: string
  status: DeliveryStatus
  /** Tries since it became pending. */
  attempts: number
  /** When a sender should look at it: at its next try, or when the lease of its sender ends; absent when settled. */
  due_at?: Date
  /** The lease: which claim holds it. */
  claim?: string
  happened_at: Date
  /** Since when it is pending: since it was made, or was last replayed. */
  owed_since: Date
  delivered_at: Date | null
  /** The result of the last try, for people. */
  answer: string | null
  /** When it is deleted; absent while it is pending. */
  expires_at?: Date
}>

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/**
 * How long a settled delivery can be seen and replayed (ms): longer than the stream can redeliver its event (30 days, and three
 * more in the journal), or a call might be made again because its delivery was deleted.
 */
export const KEPT_MS = 40 * 24 * HOUR_MS

/** The pending call of an event to a webhook. */
export const deliveryOf = (
  event: CloudEvent,
  { _id, ws }: Pick<Webhook, '_id' | 'ws'>,
  now: Date,
): Delivery => ({
  _id: `${event.id}:${_id}`,
  ws,
  v: 1,
  webhook_id: _id,
  event_id: event.id,
  type: event.type,
  body: JSON.stringify(event),
  status: 'pending',
  attempts: 0,
  due_at: now,
  happened_at: new Date(event.time),
  owed_since: now,
  delivered_at: null,
  answer: null,
})

/** The event with which people test a webhook. */
export const testEvent = (webhook: Webhook, id: string, now: Date): CloudEvent => ({
  specversion: '1.0',
  id,
  source: '/loops/webhooks',
  type: 'webhook.tested',
  subject: webhook._id,
  time: now.toISOString(),
  datacontenttype: 'application/json',
  workspaceid: webhook.ws,
  sequence: webhook.v,
  data: { webhook_id: webhook._id, url: webhook.url },
})

/** How long a call stays pending (ms). The last try is at its end. */
export const PENDING_MS = 24 * HOUR_MS
/**
 * When a call is made again: the first day of the schedule that standardwebhooks.com gives as an example. A receiver that was
 * away for longer gets a replay, by hand.
 */
export const SCHEDULE: Schedule = {
  pauses_ms: [5_000, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS],
  pending_ms: PENDING_MS,
}
/** Shortest pause for a receiver that says that it is overloaded (ms). */
const THROTTLED_MS = MINUTE_MS
const THROTTLING = [429, 502, 503, 504]
/** The longest pause that a receiver can ask for (ms). */
const MAX_ASKED_MS = 6 * HOUR_MS

/** The pause that a receiver asks for with `Retry-After` (RFC 9110 §10.2.3), bounded (ms); 0 when it asks for none. */
export const askedPause = (retryAfter: string | undefined, now: Date): number => {
  if (retryAfter === undefined) return 0
  const asked_ms = /^\d+$/.test(retryAfter)
    ? Number(retryAfter) * 1_000
    : new Date(retryAfter).getTime() - now.getTime()
  return Number.isNaN(asked_ms) ? 0 : Math.min(Math.max(asked_ms, 0), MAX_ASKED_MS)
}

/** The result of a try: an HTTP answer, or none. */
export type Outcome =
  | Readonly<{ status: number; retry_after: string | undefined }>
  | Readonly<{ fault: OutboundFault }>

/** What becomes of a delivery after a try. */
export type NextState =
  | Readonly<{ status: 'delivered' | 'failed' | 'gone'; answer: string }>
  | Readonly<{ status: 'pending'; answer: string; due_at: Date }>

/** The same text for a private address and for one that does not answer: the difference would map the private network. */
const NOT_REACHED = 'not reached at a public address'
const FAULTS: Readonly<Record<OutboundFault, string>> = {
  address_not_public: NOT_REACHED,
  unreachable: NOT_REACHED,
  timed_out: 'no answer in time',
  certificate_not_trusted: 'its certificate is not trusted',
}

/**
 * Judges an answer as standardwebhooks.com says: 2xx is success, 410 ends the webhook, everything else is tried again,
 * redirects too.
 */
export const judge = (outcome: Outcome, delivery: Delivery, now: Date, random: number): NextState => {
  const status = 'status' in outcome ? outcome.status : 0
  const answer = 'status' in outcome ? `HTTP ${outcome.status}` : FAULTS[outcome.fault]
  if (status >= 200 && status < 300) return { status: 'delivered', answer }
  if (status === 410) return { status: 'gone', answer }
  const asked_ms = 'status' in outcome ? askedPause(outcome.retry_after, now) : 0
  const least_ms = Math.max(asked_ms, THROTTLING.includes(status) ? THROTTLED_MS : 0)
  const due_at = nextTry(SCHEDULE, delivery, now, random, least_ms)
  return due_at ? { status: 'pending', answer, due_at } : { status: 'failed', answer }
}

/** A delivery as the managers of the workspace see it. */
export const deliveryView = (delivery: Delivery): WebhookDelivery => ({
  id: delivery._id,
  event: delivery.type,
  event_id: delivery.event_id,
  status: delivery.status,
  attempts: delivery.attempts,
  answer: delivery.answer,
  happened_at: delivery.happened_at.toISOString(),
  next_try_at: delivery.status === 'pending' ? (delivery.due_at?.toISOString() ?? null) : null,
  delivered_at: delivery.delivered_at?.toISOString() ?? null,
})
