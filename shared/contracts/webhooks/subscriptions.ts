// Subscriptions of agents to types of event over webhooks (the Events extension of MCP, SEP-3415), for the gateway.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { internal } from '../define/contract.ts'
import { EVENT_TYPES, type EventTypeName } from '../event-types.ts'

/** Subscriptions that a connection may have, and all connections of a workspace together. */
export const MAX_SUBSCRIPTIONS = { connection: 50, workspace: 500 } as const

const MINUTE_MS = 60_000
/** How long a subscription lasts unless it is refreshed (ms): at least, when nothing is asked for, and at most. */
export const SUBSCRIPTION_MS = { least: 5 * MINUTE_MS, usual: 60 * MINUTE_MS, most: 24 * 60 * MINUTE_MS }

/** Why a call did not succeed, in the words of the extension: never what the address said. */
export const CALL_FAULTS = [
  'connection_refused',
  'timeout',
  'tls_error',
  'http_4xx',
  'http_5xx',
  'challenge_failed',
] as const
export type CallFault = (typeof CALL_FAULTS)[number]

/** How the calls of a subscription went lately. */
export const DeliveryStatus = z.object({
  active: z.boolean(),
  last_delivery_at: c.Timestamp.nullable(),
  last_error: z.enum(CALL_FAULTS).nullable(),
  failed_since: c.Timestamp.optional(),
})
export type DeliveryStatus = z.infer<typeof DeliveryStatus>

const subscription = {
  name: z.enum(Object.keys(EVENT_TYPES) as [EventTypeName, ...EventTypeName[]]),
  arguments: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('The arguments of the type of event, which are checked here'),
  url: z.url('is not an address; write https://…').max(2_000),
}

export const subscriptions = {
  subscribe_events: internal({
    description:
      'Subscribes a connection to a type of event, or refreshes its subscription. Verifies an address that it has no subscription to yet.',
    input: z.strictObject({
      ...subscription,
      secret: z.string().max(200).describe('`whsec_` and 24 to 64 bytes in base64'),
      ttl_ms: z.int().min(0).nullable().optional().describe('null: for as long as possible'),
      resumes: z.boolean().default(false).describe('Whether the client wants what it has missed'),
    }),
    output: z.object({
      id: z.string(),
      refresh_before: c.Timestamp,
      truncated: z.boolean().describe('Whether it may have missed something'),
      delivery_status: DeliveryStatus.optional().describe('Only of one that existed already'),
    }),
    errors: ['invalid_argument', 'forbidden', 'limit_exceeded', 'rate_limited'],
  }),
  unsubscribe_events: internal({
    description: 'Ends a subscription of a connection.',
    input: z.strictObject(subscription),
    output: z.object({}),
    errors: ['invalid_argument', 'forbidden', 'not_found'],
  }),
}
