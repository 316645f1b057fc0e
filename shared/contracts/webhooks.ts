// What the webhooks service offers: addresses of other teams that get a workspace's events over HTTP, signed, and
// what became of each call. It tells nothing itself.
import * as z from 'zod'
import type { Purpose } from '../process/service-keys.ts'
import * as c from './define/common.ts'
import { type Contract, defineContract, event, internal, internalRead } from './define/contract.ts'
import { gateway } from './gateway.ts'
import { loopsQueue } from './loops-queue.ts'
import { notifier } from './notifier.ts'
import { tasks } from './tasks.ts'

/** The contracts whose public events can be had. */
export const SOURCES: readonly Contract[] = [tasks, loopsQueue, gateway, notifier]

const namesOf = (isPublic: boolean, contracts = SOURCES): readonly string[] =>
  contracts.flatMap(({ events }) =>
    Object.entries(events).flatMap(([name, declared]) =>
      (declared.public !== undefined) === isPublic ? [name] : [],
    ),
  )

/** The names of the events that can be had. */
export const SENT_EVENTS = namesOf(true)
/** Those that are on the bus alone: private loops or matters of Loops' own are in them. */
export const BUS_EVENTS = namesOf(false)

/** The media type of calls: of events in JSON (CloudEvents, HTTP protocol binding, §3.2). */
export const CALL_MEDIA_TYPE = 'application/cloudevents+json; charset=utf-8'

/** What the secrets of webhooks are kept under. */
export const SEALING: Purpose = { salt: 'loops', info: 'webhooks secrets', seals: true }

/** Webhooks of one workspace. */
export const MAX_WEBHOOKS = 20
/** How long the secret before still signs beside the new one (h). */
export const OLD_SECRET_HOURS = 24

const webhook_id = c.Id
const delivery_id = z.string().max(128)

export const WebhookRow = z.object({
  id: c.Id,
  url: z.string(),
  description: z.string(),
  events: z.array(z.string()).describe('Empty: all, also those to come'),
  status: z.enum(['active', 'disabled']),
  reason: z.string().nullable().describe('Why it is disabled'),
  created_at: c.Timestamp,
  delivered_at: c.Timestamp.nullable().describe('When a call was last answered well'),
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
  answer: z.string().nullable().describe('What came of the last try'),
  happened_at: c.Timestamp,
  next_try_at: c.Timestamp.nullable(),
  delivered_at: c.Timestamp.nullable(),
})
export type WebhookDelivery = z.infer<typeof WebhookDelivery>

const operations = {
  add_webhook: internal({
    description: 'Adds an address; its secret is in this answer alone.',
    input: z.strictObject({
      url: z
        .url('is not an address; write https://…')
        .max(2_000)
        .meta({ title: 'Address', description: 'An https address out in the internet.' }),
      description: z.string().max(200).default('').meta({ title: 'What it is for' }),
      events: z
        .array(z.enum(SENT_EVENTS))
        .max(SENT_EVENTS.length)
        .default([])
        .describe(
          `None chosen: all of them, also those to come. Never sent to webhooks, since private loops or links may be in them: ${BUS_EVENTS.join(', ')}.`,
        ),
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
    description: 'Removes a webhook with what is known of its calls.',
    input: z.strictObject({ webhook_id }),
    output: z.object({}),
    errors: ['forbidden', 'not_found'],
  }),
  rotate_secret: internal({
    description: 'Gives a webhook a new secret; for a day the old one signs beside it.',
    input: z.strictObject({ webhook_id }),
    output: z.object({ secret: z.string() }),
    errors: ['forbidden', 'not_found'],
  }),
  enable_webhook: internal({
    description: 'Takes a disabled webhook into use again. What happened meanwhile is not told.',
    input: z.strictObject({ webhook_id }),
    output: z.object({}),
    errors: ['forbidden', 'not_found'],
  }),
  disable_webhook: internal({
    description: 'Ends the calls of a webhook until it is enabled.',
    input: z.strictObject({ webhook_id }),
    output: z.object({}),
    errors: ['forbidden', 'not_found'],
  }),
  send_test: internal({
    description: 'Owes a webhook a call about nothing, the event `webhook.tested`.',
    input: z.strictObject({ webhook_id }),
    output: z.object({ delivery_id: z.string() }),
    errors: ['forbidden', 'not_found'],
  }),
  list_webhook_deliveries: internalRead({
    description: 'What became of the calls of a webhook, newest first.',
    input: z.object({ webhook_id, limit: c.Limit, cursor: c.Cursor }),
    output: z.object({
      url: z.string(),
      deliveries: z.array(WebhookDelivery),
      next_cursor: c.NextCursor,
    }),
    errors: ['forbidden', 'not_found'],
  }),
  replay_delivery: internal({
    description: 'Owes a call again, with the same id, whatever became of it.',
    input: z.strictObject({ delivery_id }),
    output: z.object({}),
    errors: ['forbidden', 'not_found'],
  }),
  replay_failed: internal({
    description: 'Owes again all calls of a webhook that failed, or those since the start of a day (UTC).',
    input: z.strictObject({
      webhook_id,
      since: c.CalendarDate.optional().meta({
        title: 'Since',
        description: 'The first day (UTC). Left empty: all that are still known.',
      }),
    }),
    output: z.object({ replayed: c.Count }),
    errors: ['forbidden', 'not_found'],
  }),
}

const ofRow = { webhook_id: 'id' }

export const webhooks = defineContract({
  name: 'webhooks',
  version: '1.0.0',
  description:
    'Events of a workspace for teams without a bus: signed calls over HTTP, and what became of them.',
  operations,
  events: {
    'webhook.disabled': event({
      description:
        'A webhook is called no more, because of what its address answers; its owner is owed an email.',
      subject: 'webhook_id',
      data: z.object({
        webhook_id: c.Id,
        url: z.string(),
        cause: z.enum(['failing', 'gone']).describe('gone: its address answered 410'),
        failing_since: c.Timestamp.nullable().describe('Since when no call was answered well'),
      }),
    }),
  },
  directEvents: {
    'webhook.tested': event({
      description:
        'Somebody tries whether a webhook works: sent to that one alone, and to be answered like any other.',
      subject: 'webhook_id',
      public: true,
      data: z.object({ webhook_id: c.Id, url: z.string().describe('The address that is called') }),
    }),
  },
  purposes: [SEALING],
  consumes: Object.fromEntries(SOURCES.map((contract) => [contract.name, namesOf(true, [contract])])),
  panel: {
    path: 'webhooks',
    title: 'Webhooks',
    intro: 'Addresses that are called when something happens here, signed, so that other systems can follow.',
    roles: ['owner', 'admin'],
    table: {
      operation: 'list_webhooks',
      rows: 'webhooks',
      columns: [
        { member: 'url', heading: 'Address' },
        { member: 'description', heading: 'For' },
        { member: 'events', heading: 'Events', none: 'all' },
        { member: 'status', heading: 'Status' },
        { member: 'reason', heading: 'Why' },
        { member: 'delivered_at', heading: 'Last answered', none: 'never' },
      ],
      empty: 'No address is called yet.',
      actions: [
        {
          operation: 'send_test',
          label: 'Send a test',
          from: ofRow,
          when: { member: 'status', is: ['active'] },
          done: 'A test is on its way; the calls of the webhook show what becomes of it.',
        },
        {
          operation: 'disable_webhook',
          label: 'Disable',
          from: ofRow,
          when: { member: 'status', is: ['active'] },
          done: 'It is called no more until you enable it.',
        },
        {
          operation: 'enable_webhook',
          label: 'Enable',
          from: ofRow,
          when: { member: 'status', is: ['disabled'] },
          done: 'It is called again from now on.',
        },
        {
          operation: 'rotate_secret',
          label: 'New secret',
          from: ofRow,
          confirm: `The old secret signs beside the new one for ${OLD_SECRET_HOURS} hours, then no more.`,
          done: 'The new secret. It is shown only now:',
          reveal: 'secret',
        },
        {
          operation: 'remove_webhook',
          label: 'Remove',
          from: ofRow,
          confirm: 'Calls that are still owed to it are never made.',
          done: 'The webhook is removed.',
        },
      ],
    },
    actions: [
      {
        operation: 'add_webhook',
        title: 'Add a webhook',
        label: 'Add it',
        done: 'It is called from now on. The secret to verify the calls with is shown only now:',
        reveal: 'secret',
      },
    ],
    detail: {
      path: 'calls',
      label: 'Calls',
      title: 'Calls',
      intro: 'What became of the calls of a webhook in the last 40 days.',
      from: ofRow,
      table: {
        operation: 'list_webhook_deliveries',
        rows: 'deliveries',
        about: 'url',
        columns: [
          { member: 'event', heading: 'Event' },
          { member: 'happened_at', heading: 'Happened' },
          { member: 'status', heading: 'Status' },
          { member: 'attempts', heading: 'Tries' },
          { member: 'answer', heading: 'Last answer' },
          { member: 'next_try_at', heading: 'Next try' },
        ],
        empty: 'It was not called yet.',
        actions: [
          {
            operation: 'replay_delivery',
            label: 'Replay',
            from: { delivery_id: 'id' },
            when: { member: 'status', is: ['pending', 'delivered', 'failed', 'gone'] },
            done: 'The call is made again.',
          },
        ],
      },
      actions: [
        {
          operation: 'replay_failed',
          title: 'Replay what failed',
          label: 'Replay all that failed',
          from: { webhook_id: 'webhook_id' },
          done: 'The failed calls are made again, a few at a time.',
        },
      ],
    },
  },
})
