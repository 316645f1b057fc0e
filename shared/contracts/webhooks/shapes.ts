// The shapes that the operations of the webhooks service share, and its limits.
import * as z from 'zod'
import * as c from '../define/common.ts'

/** The media type of calls: of events in JSON (CloudEvents, HTTP protocol binding, §3.2). */
export const CALL_MEDIA_TYPE = 'application/cloudevents+json; charset=utf-8'

/** Webhooks that a workspace may have. */
export const MAX_WEBHOOKS = 20
/** How long the old secret still signs beside a new one (h). */
export const OLD_SECRET_HOURS = 24

export const WebhookRow = z.object({
  id: c.Id,
  url: z.string(),
  description: z.string(),
  events: z.array(z.string()).describe('Empty: all, also events that are added later'),
  status: z.enum(['active', 'disabled']),
  reason: z.string().nullable().describe('Why it is disabled'),
  created_at: c.Timestamp,
  delivered_at: c.Timestamp.nullable().describe('When a call last succeeded'),
  failing_since: c.Timestamp.nullable(),
})
export type WebhookRow = z.infer<typeof WebhookRow>

export const DELIVERY_STATUSES = ['pending', 'sending', 'delivered', 'failed', 'gone'] as const

export const WebhookDelivery = z.object({
  id: z.string(),
  event: z.string(),
  event_id: z.string(),
  status: z.enum(DELIVERY_STATUSES),
  attempts: c.Count,
  answer: z.string().nullable().describe('How the last try ended'),
  happened_at: c.Timestamp,
  next_try_at: c.Timestamp.nullable(),
  delivered_at: c.Timestamp.nullable(),
})
export type WebhookDelivery = z.infer<typeof WebhookDelivery>
