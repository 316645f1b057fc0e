// What happens to webhooks, and what is sent to one to try it.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { event } from '../define/contract.ts'

const webhook_id = c.Id

export const events = {
  'webhook.disabled': event({
    description: 'A webhook was disabled because of what its address answers. Its owner gets an email.',
    subject: 'webhook_id',
    data: z.object({
      webhook_id,
      url: z.string(),
      cause: z.enum(['failing', 'gone']).describe('gone: its address answered 410'),
      failing_since: c.Timestamp.nullable().describe('Since when no call has succeeded'),
    }),
  }),
}

/** Sent out over HTTP by the service itself, and never on the stream. */
export const directEvents = {
  'webhook.tested': event({
    description: 'Somebody is testing a webhook. Only that webhook gets it, and answers it like any other.',
    subject: 'webhook_id',
    public: true,
    data: z.object({ webhook_id, url: z.string().describe('Its address') }),
  }),
}
