// What the notifier offers: who wants which mail, and what became of the mails that were owed.
import * as z from 'zod'
import { defineContract, internal } from '../contract.ts'
import * as c from './common.ts'

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
  },
  events: {},
})
