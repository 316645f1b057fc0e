// Operations for the gateway's pages and for the links in mails.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { internal, internalRead } from '../define/contract.ts'
import { DeliveryRow, DeliveryStatus, DevMail, MailChoice, MutedLoop, Subscription } from './shapes.ts'

const event_id = c.Id
const token = z.string().max(512)
const preferenceChange = {
  wants: MailChoice.optional(),
  mentions: z.boolean().optional(),
  mute_event: event_id.optional().describe('Mute the loop of this event, which this person got a mail about'),
  unmute_loop: c.Id.optional(),
}

/** A task as a ship mail lists it. */
const TaskLine = z.object({ id: c.Id, title: z.string().max(c.LIMITS.name_chars), status: c.TaskStatus })
/** Tasks of each kind that a ship mail is made from. */
const SHIP_TASKS = 20

export const internals = {
  get_subscription: internalRead({
    description:
      'What the link in a mail is about: a person’s preference for one workspace, and the loop of the mail; not_found for a link that was never sent.',
    input: z.object({ token, event_id: event_id.optional() }),
    output: Subscription.extend({ loop: z.object({ id: c.Id, name: z.string() }).nullable() }),
    errors: ['not_found'],
  }),
  set_subscription: internal({
    description: 'Changes the preference of the person that a link belongs to.',
    input: z.object({ token, ...preferenceChange }),
    output: z.object({ wants: MailChoice }),
    errors: ['not_found', 'limit_exceeded'],
  }),
  get_my_subscription: internalRead({
    description:
      'The caller’s preference for their workspace, and why their address is out of use, if it is.',
    input: z.object({}),
    output: Subscription.extend({ out_of_use: z.string().nullable() }),
    errors: ['forbidden'],
  }),
  set_my_subscription: internal({
    description: 'Changes the caller’s preference for their workspace.',
    input: z.object({ ...preferenceChange, mute_loop: MutedLoop.optional() }),
    output: z.object({ wants: MailChoice }),
    errors: ['forbidden', 'not_found', 'limit_exceeded'],
  }),
  use_my_address: internal({
    description:
      'Sends mails to the caller’s address again, after a mail server had said that it does not exist.',
    input: z.object({}),
    output: z.object({ changed: z.boolean() }),
    errors: ['forbidden'],
  }),
  list_deliveries: internalRead({
    description:
      'What became of mails, newest first: those of the workspace for its owner and admins, the caller’s own for others.',
    input: z.object({
      status: DeliveryStatus.optional(),
      event_id: event_id.optional(),
      whose: z.enum(['all', 'mine']).default('all').describe('mine: only those to the caller'),
      limit: c.Limit,
      cursor: c.Cursor,
    }),
    output: z.object({ deliveries: z.array(DeliveryRow), next_cursor: c.NextCursor }),
    errors: ['forbidden'],
  }),
  retry_delivery: internal({
    description: 'Sends a mail again that failed or was held back, and takes its address into use again.',
    input: z.object({ delivery_id: z.string().max(64) }),
    output: z.object({ status: DeliveryStatus }),
    errors: ['forbidden', 'not_found', 'invalid_transition', 'version_conflict'],
  }),
  preview_ship_mail: internalRead({
    description:
      'The mail that the caller would get if they shipped a loop now, in their language. Nothing is kept or sent. The loop is as get_loop answers, the summary as summarize_loop does.',
    input: z.object({
      loop: z.object({
        id: c.Id,
        name: c.Name,
        description: c.Description,
        visibility: c.Visibility,
      }),
      summary: z.object({
        counts: c.TaskCounts,
        shipped: z.array(TaskLine).max(SHIP_TASKS),
        unfinished: z.array(TaskLine).max(SHIP_TASKS),
        unfinished_total: c.Count,
      }),
      workspace_name: c.Name,
      locale: z.string().max(64),
      time_zone: z.string().max(64),
    }),
    output: z.object({ subject: z.string(), html: z.string(), text: z.string(), language: z.string() }),
    errors: ['forbidden'],
  }),
  list_dev_mails: internalRead({
    description:
      'Mails of the development mailbox, newest first; not_found where mails are really sent. A page ends early when it grows large.',
    input: z.object({ limit: c.Limit, cursor: c.Cursor }),
    output: z.object({ mails: z.array(DevMail), next_cursor: c.NextCursor }),
    errors: ['not_found'],
  }),
  get_dev_mail: internalRead({
    description: 'One mail of the development mailbox.',
    input: z.object({ id: c.Id }),
    output: z.object({ mail: DevMail }),
    errors: ['not_found'],
  }),
}
