// What other services, and the programs of other teams, ask of the gateway.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { internalRead, subscriberOperation } from '../define/contract.ts'
import { SnapshotPlace, SnapshotRecord } from '../records.ts'
import { Workspace } from './shapes.ts'

const workspace_id = c.Id
/** How somebody who is written to reads: BCP 47, and a name of IANA. */
const reader = { locale: z.string(), time_zone: z.string() }

export const internals = {
  get_workspace_context: internalRead({
    asked_by: ['loops-queue', 'notifier'],
    description: 'Name, AI context and time zone of a workspace.',
    input: z.object({ workspace_id }),
    output: z.object({ workspace: Workspace }),
    errors: ['not_found'],
  }),
  list_members: internalRead({
    asked_by: ['loops-queue', 'notifier'],
    description: 'Members of a workspace with their addresses, a page at a time; or only the named ones.',
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
          unconfirmed: z.literal(true).optional().describe('Nothing may be sent to the address yet'),
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
      'What the mail of an invitation needs, with its secret link; not_found when it was taken up or withdrawn.',
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
    description:
      'What a mail about an account itself needs, to its own address; not_found when there is nothing to tell any more.',
    input: z.object({ account_mail_id: c.Id }),
    output: z.object({
      name: z.string(),
      email: z.string(),
      url: z.string().describe('To confirm the address, or where a new password is asked for'),
      expires_at: c.Timestamp,
      ...reader,
    }),
    errors: ['not_found'],
  }),
  get_password_reset: internalRead({
    asked_by: ['notifier'],
    description:
      'What the mail for a new password needs, with its secret link; not_found when it was used or has expired.',
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

/** The gateway is where whoever is outside comes in: programs of other teams too. */
export const forSubscribers = {
  snapshot: subscriberOperation({
    title: 'Begin with what there is',
    description:
      'All that there is now of what the filter lets through, as records in the form of events, a page at a time, and the place in the stream from which to read on. Ask without a cursor to begin, then with each `next_cursor`.',
    input: z.strictObject({ cursor: c.Cursor }),
    output: z.object({
      snapshot: SnapshotPlace.describe('The same on every page'),
      records: z.array(SnapshotRecord),
      next_cursor: c.NextCursor,
    }),
    errors: ['invalid_argument', 'rate_limited', 'unavailable', 'timeout', 'internal'],
  }),
}
