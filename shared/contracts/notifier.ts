// What the notifier offers: who wants which mail, and what became of the mails that were owed.
import * as z from 'zod'
import { defineContract, internal } from '../contract.ts'
import * as c from './common.ts'

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

export const notifier = defineContract({
  name: 'notifier',
  version: '1.0.0',
  description: 'Mail: who is told what, and what became of it.',
  operations: {
    get_subscription: internal({
      description: 'What a person’s unsubscribe link is about; not_found for a link that was never sent.',
      input: z.object({ token: z.string().max(512) }),
      output: z.object({ workspace_name: z.string(), email: z.string(), subscribed: z.boolean() }),
      errors: ['not_found'],
    }),
    set_subscription: internal({
      description: 'Ends or resumes the mails of a workspace to the person of an unsubscribe link.',
      input: z.object({ token: z.string().max(512), subscribed: z.boolean() }),
      output: z.object({ subscribed: z.boolean() }),
      errors: ['not_found'],
    }),
    list_deliveries: internal({
      description: 'What became of the mails of one event.',
      input: z.object({ workspace_id: c.Id, event_id: z.string().max(64), limit: c.Limit, cursor: c.Cursor }),
      output: z.object({
        deliveries: z.array(
          z.object({
            id: z.string(),
            user_id: c.Id.nullable(),
            template: z.string(),
            status: z.enum(['pending', 'sending', 'sent', 'failed', 'suppressed']),
            attempts: c.Count,
            sent_at: c.Timestamp.nullable(),
            last_error: z.string().nullable(),
          }),
        ),
        next_cursor: c.NextCursor,
      }),
      errors: [],
    }),
    list_dev_mails: internal({
      description:
        'Mails that were kept instead of sent, newest first; not_found where mails are sent. A page ends early when it grows large.',
      input: z.object({ limit: c.Limit, cursor: c.Cursor }),
      output: z.object({ mails: z.array(DevMail), next_cursor: c.NextCursor }),
      errors: ['not_found'],
    }),
    get_dev_mail: internal({
      description: 'One mail that was kept instead of sent.',
      input: z.object({ id: c.Id }),
      output: z.object({ mail: DevMail }),
      errors: ['not_found'],
    }),
  },
  events: {},
})
