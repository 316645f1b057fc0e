// Operations for the gateway's pages.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { internal, internalRead } from '../define/contract.ts'
import { WebhookDelivery, WebhookRow } from './shapes.ts'
import { BUS_EVENTS, SENT_EVENTS } from './sources.ts'

/** What the form says beside the choice of events. */
export const EVENTS_HINT = `None chosen: all of them, also events that are added later. Never sent to webhooks, since private loops or secret links may be in them: ${BUS_EVENTS.join(', ')}.`

const webhook_id = c.Id
const delivery_id = z.string().max(128)

export const internals = {
  add_webhook: internal({
    description: 'Adds an address. Its secret is in this answer and nowhere else.',
    input: z.strictObject({
      url: z
        .url('is not an address; write https://…')
        .max(2_000)
        .meta({ title: 'Address', description: 'An https address on the internet.' }),
      description: z.string().max(200).default('').meta({ title: 'What it is for' }),
      events: z.array(z.enum(SENT_EVENTS)).max(SENT_EVENTS.length).default([]).describe(EVENTS_HINT),
    }),
    output: z.object({ id: c.Id, secret: z.string() }),
    errors: ['invalid_argument', 'forbidden', 'already_exists', 'limit_exceeded'],
  }),
  list_webhooks: internalRead({
    description: 'The webhooks of the caller’s workspace, oldest first.',
    input: z.object({ limit: c.Limit, cursor: c.Cursor }),
    output: z.object({ webhooks: z.array(WebhookRow), next_cursor: c.NextCursor }),
    errors: ['forbidden'],
  }),
  remove_webhook: internal({
    description: 'Removes a webhook and the record of its calls.',
    input: z.strictObject({ webhook_id }),
    output: z.object({}),
    errors: ['forbidden', 'not_found'],
  }),
  rotate_secret: internal({
    description: 'Gives a webhook a new secret. The old one signs beside it for a day.',
    input: z.strictObject({ webhook_id }),
    output: z.object({ secret: z.string() }),
    errors: ['forbidden', 'not_found'],
  }),
  enable_webhook: internal({
    description: 'Enables a disabled webhook. It does not get the events from in between.',
    input: z.strictObject({ webhook_id }),
    output: z.object({}),
    errors: ['forbidden', 'not_found'],
  }),
  disable_webhook: internal({
    description: 'Stops the calls to a webhook until it is enabled.',
    input: z.strictObject({ webhook_id }),
    output: z.object({}),
    errors: ['forbidden', 'not_found'],
  }),
  send_test: internal({
    description: 'Calls a webhook with the event `webhook.tested`.',
    input: z.strictObject({ webhook_id }),
    output: z.object({ delivery_id: z.string() }),
    errors: ['forbidden', 'not_found'],
  }),
  list_webhook_deliveries: internalRead({
    description: 'What became of the calls to a webhook, newest first.',
    input: z.object({ webhook_id, limit: c.Limit, cursor: c.Cursor }),
    output: z.object({
      url: z.string(),
      deliveries: z.array(WebhookDelivery),
      next_cursor: c.NextCursor,
    }),
    errors: ['forbidden', 'not_found'],
  }),
  replay_delivery: internal({
    description: 'Makes a call again, with the same id, whatever became of it.',
    input: z.strictObject({ delivery_id }),
    output: z.object({}),
    errors: ['forbidden', 'not_found'],
  }),
  replay_failed: internal({
    description: 'Makes all failed calls of a webhook again, or those since the start of a day (UTC).',
    input: z.strictObject({
      webhook_id,
      since: c.CalendarDate.optional().meta({
        title: 'Since',
        description: 'The first day (UTC). Empty: all that are still kept.',
      }),
    }),
    output: z.object({ replayed: c.Count }),
    errors: ['forbidden', 'not_found'],
  }),
}
