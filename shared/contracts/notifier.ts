// What the notifier offers: who wants which mail, and what became of the mails that were owed.
import * as z from 'zod'
import type { Purpose } from '../process/service-keys.ts'
import * as c from './define/common.ts'
import { defineContract, internal, internalRead } from './define/contract.ts'

/** A mail that was kept instead of sent, as a mail program would show it. */
export const DevMail = z.object({
  id: c.Id,
  date: c.Timestamp.describe('When it came in'),
  to: z.string().describe('The address that it was delivered to'),
  from: z.string().describe('The address that it came from'),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  headers: z.record(z.string(), z.string()).describe('By lower-case name, unfolded'),
})
export type DevMail = z.infer<typeof DevMail>

/** Which mails of a workspace somebody wants: about all its loops, about loops of their own, or none. */
export const MailChoice = z.enum(['all', 'mine', 'none'])
export type MailChoice = z.infer<typeof MailChoice>

const MutedLoop = z.object({ loop_id: c.Id, name: c.Name })

/** A wish as its page shows it. */
const Subscription = z.object({
  workspace_name: z.string(),
  email: z.string().describe('Where the mails go; empty before the first'),
  wants: MailChoice,
  muted: z.array(MutedLoop).describe('Loops that no mail is wanted about'),
})

const event_id = c.Id
const token = z.string().max(512)
const wishChange = {
  wants: MailChoice.optional(),
  mute_event: event_id
    .optional()
    .describe('Mute the loop that a mail to this person about this event told of'),
  unmute_loop: c.Id.optional(),
}

/** What became of one mail. */
export const DeliveryStatus = z.enum(['pending', 'sending', 'sent', 'failed', 'suppressed'])
export type DeliveryStatus = z.infer<typeof DeliveryStatus>

const DeliveryRow = z.object({
  id: z.string(),
  user_id: c.Id.nullable(),
  to: z.string().nullable().describe('The address; null where it is asked for at sending'),
  template: z.enum([
    'loop-shipped',
    'invitation',
    'password-reset',
    'webhook-disabled',
    'confirmation',
    'failed-sign-ins',
  ]),
  about: z.string(),
  status: DeliveryStatus,
  attempts: c.Count,
  at: c.Timestamp.describe('When it was sent, else since when it is owed'),
  created_at: c.Timestamp,
  next_try_at: c.Timestamp.nullable(),
  sent_at: c.Timestamp.nullable(),
  last_error: z.string().nullable(),
})
export type DeliveryRow = z.infer<typeof DeliveryRow>

/** What the links in mails are sealed under. */
export const UNSUBSCRIBE: Purpose = { salt: '', info: 'loops unsubscribe links' }

export const notifier = defineContract({
  name: 'notifier',
  version: '1.0.0',
  description: 'Mail: who is told what, and what became of it.',
  operations: {
    get_subscription: internalRead({
      description:
        'What the link of a mail is about: a person’s wish for one workspace, and the loop that the mail told of; not_found for a link that was never sent.',
      input: z.object({ token, event_id: event_id.optional() }),
      output: Subscription.extend({ loop: z.object({ id: c.Id, name: z.string() }).nullable() }),
      errors: ['not_found'],
    }),
    set_subscription: internal({
      description: 'Changes the wish of the person of a link.',
      input: z.object({ token, ...wishChange }),
      output: z.object({ wants: MailChoice }),
      errors: ['not_found', 'limit_exceeded'],
    }),
    get_my_subscription: internalRead({
      description:
        'The wish of the person of the call for their workspace, and why their address is out of use, if it is.',
      input: z.object({}),
      output: Subscription.extend({ out_of_use: z.string().nullable() }),
      errors: ['forbidden'],
    }),
    set_my_subscription: internal({
      description: 'Changes the wish of the person of the call for their workspace.',
      input: z.object({ ...wishChange, mute_loop: MutedLoop.optional() }),
      output: z.object({ wants: MailChoice }),
      errors: ['forbidden', 'not_found', 'limit_exceeded'],
    }),
    use_my_address: internal({
      description:
        'Sends mails to the address of the person of the call again, after a mail server had said that nobody is there.',
      input: z.object({}),
      output: z.object({ changed: z.boolean() }),
      errors: ['forbidden'],
    }),
    list_deliveries: internalRead({
      description:
        'What became of mails, newest first: of the workspace for its owner and admins, of the person of the call for others.',
      input: z.object({
        status: DeliveryStatus.optional(),
        event_id: event_id.optional(),
        whose: z.enum(['all', 'mine']).default('all').describe('mine: only those to the person of the call'),
        limit: c.Limit,
        cursor: c.Cursor,
      }),
      output: z.object({ deliveries: z.array(DeliveryRow), next_cursor: c.NextCursor }),
      errors: ['forbidden'],
    }),
    retry_delivery: internal({
      description:
        'Sends a mail again that failed or was held back, for whoever may see it; its address is in use again.',
      input: z.object({ delivery_id: z.string().max(64) }),
      output: z.object({ status: DeliveryStatus }),
      errors: ['forbidden', 'not_found', 'invalid_transition', 'version_conflict'],
    }),
    list_dev_mails: internalRead({
      description:
        'Mails that were kept instead of sent, newest first; not_found where mails are sent. A page ends early when it grows large.',
      input: z.object({ limit: c.Limit, cursor: c.Cursor }),
      output: z.object({ mails: z.array(DevMail), next_cursor: c.NextCursor }),
      errors: ['not_found'],
    }),
    get_dev_mail: internalRead({
      description: 'One mail that was kept instead of sent.',
      input: z.object({ id: c.Id }),
      output: z.object({ mail: DevMail }),
      errors: ['not_found'],
    }),
  },
  events: {},
  purposes: [UNSUBSCRIBE],
  consumes: {
    'loops-queue': ['loop.shipped'],
    webhooks: ['webhook.disabled'],
    gateway: [
      'person.invited',
      'person.password_reset_requested',
      'person.confirmation_requested',
      'person.sign_ins_failed',
    ],
  },
  panel: {
    path: 'mails',
    roles: ['owner', 'admin', 'member', 'viewer'],
    title: 'Mails',
    intro:
      'What became of the mails of the last 90 days: those of the workspace for its owner and admins, your own for everybody else.',
    table: {
      operation: 'list_deliveries',
      rows: 'deliveries',
      filter: { member: 'status', label: 'Status' },
      columns: [
        { member: 'to', heading: 'To', none: 'as invited' },
        { member: 'about', heading: 'Mail' },
        { member: 'status', heading: 'Status' },
        { member: 'attempts', heading: 'Tries' },
        { member: 'at', heading: 'When' },
        { member: 'last_error', heading: 'Because' },
      ],
      empty: 'There are no such mails.',
      actions: [
        {
          operation: 'retry_delivery',
          label: 'Send again',
          from: { delivery_id: 'id' },
          when: { member: 'status', is: ['failed', 'suppressed'] },
          done: 'The mail will be sent again, and its address is in use again. A wish not to get it still counts.',
        },
      ],
    },
    actions: [],
  },
})
