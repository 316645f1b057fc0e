// Operations that other services call, and those for programs of other teams.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { internalRead, subscriberOperation } from '../define/contract.ts'
import { SnapshotPlace, SnapshotRecord } from '../records.ts'
import { ConnectionCaller, Workspace } from './shapes.ts'

const workspace_id = c.Id
/** How somebody reads their mail: language (BCP 47) and time zone (IANA). */
const reader = { locale: z.string(), time_zone: z.string() }

export const internals = {
  get_workspace_context: internalRead({
    asked_by: ['loops-queue', 'notifier'],
    description: 'Name, AI context and time zone of a workspace.',
    input: z.object({ workspace_id }),
    output: z.object({ workspace: Workspace }),
    errors: ['not_found'],
  }),
  get_connection: internalRead({
    asked_by: ['webhooks'],
    description: 'Whom a connection acts for now, and what it may do; null when it has ended.',
    input: z.object({ grant_id: z.string().max(64) }),
    output: z.object({ caller: ConnectionCaller.nullable() }),
    errors: [],
  }),
  list_members: internalRead({
    asked_by: ['loops-queue', 'notifier'],
    description:
      'A page of the members of a workspace with their addresses; or only those with the given ids.',
    input: z.object({
      workspace_id,
      user_ids: z.array(c.Id).max(c.LIMITS.page).optional(),
      limit: c.Limit,
      cursor: c.Cursor,
    }),
    output: z.object({
      members: z.array(
        c.Member.extend({
          email: z.string(),
          unconfirmed: z.literal(true).optional().describe('No mail may be sent to the address yet'),
          deactivated: z.literal(true).optional().describe('The account may not be used, and gets no mail'),
          ...reader,
        }),
      ),
      next_cursor: c.NextCursor,
    }),
    errors: ['not_found'],
  }),
  get_invitation: internalRead({
    asked_by: ['notifier'],
    description:
      'What an invitation mail needs, with its secret link; not_found once it was accepted or withdrawn.',
    input: z.object({ invitation_id: c.Id }),
    output: z.object({
      email: z.string(),
      url: z.string(),
      workspace_name: z.string(),
      invited_by: z.string(),
      expires_at: c.Timestamp,
      ...reader,
    }),
    errors: ['not_found'],
  }),
  get_account_mail: internalRead({
    asked_by: ['notifier'],
    description: 'What a mail about an account needs; not_found once there is nothing to say any more.',
    input: z.object({ account_mail_id: c.Id }),
    output: z.object({
      name: z.string(),
      email: z.string(),
      url: z.string().describe('The page to go on at, such as the one that confirms the address'),
      expires_at: c.Timestamp,
      facts: z.record(z.string(), z.string()).optional().describe('What the mail says besides, by its place'),
      ...reader,
    }),
    errors: ['not_found'],
  }),
  get_password_reset: internalRead({
    asked_by: ['notifier'],
    description:
      'What the mail for a new password needs, with its secret link; not_found once it was used or has expired.',
    input: z.object({ reset_id: c.Id }),
    output: z.object({
      name: z.string(),
      email: z.string(),
      url: z.string(),
      expires_at: c.Timestamp,
      ...reader,
    }),
    errors: ['not_found'],
  }),
}

/** Programs of other teams come in through the gateway, as everybody from outside does. */
export const forSubscribers = {
  snapshot: subscriberOperation({
    title: 'Begin with a snapshot',
    description:
      'A page of everything that exists now and passes the filter, as records in the form of events, and the position in the stream to read on from. Ask without a cursor first, then with each `next_cursor`.',
    input: z.strictObject({ cursor: c.Cursor }),
    output: z.object({
      snapshot: SnapshotPlace.describe('The same on every page'),
      records: z.array(SnapshotRecord),
      next_cursor: c.NextCursor,
    }),
    errors: ['invalid_argument', 'rate_limited', 'unavailable', 'timeout', 'internal'],
  }),
}
