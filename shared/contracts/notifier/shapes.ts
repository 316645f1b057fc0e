// The shapes that the operations of the notifier share.
import * as z from 'zod'
import * as c from '../define/common.ts'

/** A mail in the development mailbox, as a mail program would show it. */
export const DevMail = z.object({
  id: c.Id,
  date: c.Timestamp.describe('When it arrived'),
  to: z.string().describe('The address it was sent to'),
  from: z.string().describe('The address it was sent from'),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  headers: z.record(z.string(), z.string()).describe('By lower-case name, unfolded'),
})
export type DevMail = z.infer<typeof DevMail>

/** Which mails of a workspace somebody wants: about every loop, about loops that they take part in, or none. */
export const MailChoice = z.enum(['all', 'mine', 'none'])
export type MailChoice = z.infer<typeof MailChoice>

export const MutedLoop = z.object({ loop_id: c.Id, name: c.Name })

/** A person's preference for one workspace, as its page shows it. */
export const Subscription = z.object({
  workspace_name: z.string(),
  email: z.string().describe('Where the mails go; empty before the first mail'),
  wants: MailChoice,
  muted: z.array(MutedLoop).describe('Loops without mails'),
  mentions: z.boolean().describe('Whether a mail comes when somebody mentions them'),
})

/** What became of one mail. */
export const DeliveryStatus = z.enum(['pending', 'sending', 'sent', 'failed', 'suppressed'])
export type DeliveryStatus = z.infer<typeof DeliveryStatus>

/** Mails about something that happened to an account, which one event requests. */
export const ACCOUNT_NOTICES = [
  'password-changed',
  'second-factor-changed',
  'app-connected',
  'new-address',
  'address-changed',
  'provider-changed',
  'provider-link',
  'token-expiring',
  'new-browser',
  'account-deleted',
  'workspace-deleted',
] as const

/** Every mail, by the name of its template. */
export const TEMPLATES = [
  'loop-shipped',
  'invitation',
  'password-reset',
  'webhook-disabled',
  'task-held',
  'mention',
  'confirmation',
  'failed-sign-ins',
  ...ACCOUNT_NOTICES,
] as const
export type TemplateName = (typeof TEMPLATES)[number]

export const DeliveryRow = z.object({
  id: z.string(),
  user_id: c.Id.nullable(),
  to: z.string().nullable().describe('The address; null if it is only looked up when the mail is sent'),
  template: z.enum(TEMPLATES),
  about: z.string(),
  status: DeliveryStatus,
  attempts: c.Count,
  at: c.Timestamp.describe('When it was sent; before that, since when it is pending'),
  created_at: c.Timestamp,
  next_try_at: c.Timestamp.nullable(),
  sent_at: c.Timestamp.nullable(),
  last_error: z.string().nullable(),
})
export type DeliveryRow = z.infer<typeof DeliveryRow>
