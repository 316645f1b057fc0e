// What the gateway offers and tells as the owner of people, workspaces and memberships.
import * as z from 'zod'
import type { Purpose } from '../process/service-keys.ts'
import * as c from './define/common.ts'
import { defineContract, event, internalRead, subscriberOperation, tool } from './define/contract.ts'
import { recordOperations, SnapshotPlace, SnapshotRecord } from './records.ts'

export const WORKFLOWS = ['triage', 'organize', 'implement', 'manage'] as const

const reads = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
} as const
const workspace_id = c.Id
/** How somebody who is written to reads: BCP 47, and a name of IANA. */
const reader = { locale: z.string(), time_zone: z.string() }

export const Workspace = z.object({
  id: c.Id,
  name: c.Name,
  ai_context: c.AiContext.describe('Project-level instructions for agents, written by its people'),
  time_zone: z.string().describe('IANA name, such as Europe/Zurich'),
  created_at: c.Timestamp,
  version: c.Version,
})
export type Workspace = z.infer<typeof Workspace>

const tools = {
  get_workspace: tool({
    title: 'Get the workspace',
    description:
      'The workspace that this connection works in: its name, ai_context (project-level instructions for agents), time zone and members. Read it once before you start.',
    scope: 'loops:read',
    annotations: reads,
    input: z.strictObject({}),
    output: z.object({
      workspace: Workspace,
      you: z.object({
        user_id: c.Id,
        name: z.string(),
        role: c.Member.shape.role,
        scopes: z.array(c.ScopeName),
      }),
      members: z.array(c.Member).describe('The first, 200 at most'),
      members_total: c.Count,
    }),
    errors: ['not_found'],
  }),
  get_workflow: tool({
    title: 'Get a workflow',
    description:
      'Step-by-step instructions for one way of working with this server: triage (sort new tasks), organize (make loops and order them), implement (do the next work), manage (watch, hold, ship).',
    scope: 'loops:read',
    annotations: reads,
    input: z.strictObject({ workflow: z.enum(WORKFLOWS).describe('Which way of working') }),
    output: z.object({ workflow: z.enum(WORKFLOWS), title: z.string(), instructions: z.string() }),
    errors: ['invalid_argument'],
  }),
}

const internals = {
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
const forSubscribers = {
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

/** What the gateway has keys for. */
export const GATEWAY_KEYS = {
  code: { salt: 'loops', info: 'gateway code' },
  refresh: { salt: 'loops', info: 'gateway refresh' },
  invitation: { salt: 'loops', info: 'gateway invitation' },
  password_reset: { salt: 'loops', info: 'gateway password_reset' },
  confirmation: { salt: 'loops', info: 'gateway confirmation' },
  device: { salt: 'loops', info: 'gateway device' },
  setup: { salt: 'loops', info: 'gateway setup' },
  signing_keys: { salt: 'loops', info: 'gateway signing_keys', seals: true },
  introspection: { salt: 'loops', info: 'gateway introspection' },
} as const satisfies Readonly<Record<string, Purpose>>

export const gateway = defineContract({
  name: 'gateway',
  version: '1.0.0',
  description: 'The MCP endpoint, sign-in, people, workspaces and memberships.',
  operations: { ...tools, ...internals, ...recordOperations() },
  forSubscribers,
  purposes: Object.values(GATEWAY_KEYS),
  events: {
    'person.invited': event({
      description: 'Somebody was invited to the workspace; an email with the link is owed.',
      subject: 'invitation_id',
      data: z.object({ invitation_id: c.Id, workspace_id, by: c.Actor, role: c.Member.shape.role }),
    }),
    'person.joined': event({
      description: 'Somebody became a member of the workspace.',
      subject: 'user_id',
      data: z.object({ user_id: c.Id, workspace_id, name: z.string(), role: c.Member.shape.role }),
      public: true,
      record: 'membership of a person in a workspace',
    }),
    'person.role_changed': event({
      description: 'A member of the workspace has another role.',
      subject: 'user_id',
      data: z.object({
        user_id: c.Id,
        workspace_id,
        name: z.string(),
        role: c.Member.shape.role,
        role_before: c.Member.shape.role,
        by: c.Actor,
      }),
      public: true,
    }),
    'person.left': event({
      description: 'Somebody is no longer a member of the workspace: left by themselves, or taken out.',
      subject: 'user_id',
      data: z.object({
        user_id: c.Id,
        workspace_id,
        name: z.string(),
        role: c.Member.shape.role.describe('The role that they had'),
        by: c.Actor,
      }),
      public: true,
    }),
    'person.password_reset_requested': event({
      description: 'Somebody asked for a new password for an account; an email with the link is owed.',
      subject: 'reset_id',
      data: z.object({ reset_id: c.Id, user_id: c.Id }),
    }),
    'person.confirmation_requested': event({
      description: 'An account is to prove that its address is its own; an email with the link is owed.',
      subject: 'account_mail_id',
      data: z.object({ account_mail_id: c.Id, user_id: c.Id }),
    }),
    'person.sign_ins_failed': event({
      description: 'Somebody tries passwords of an account; an email that says so is owed.',
      subject: 'account_mail_id',
      data: z.object({ account_mail_id: c.Id, user_id: c.Id }),
    }),
    'workspace.updated': event({
      description: 'The workspace has a new name, AI context or time zone.',
      subject: 'workspace_id',
      data: z.object({
        workspace_id,
        version: c.Version,
        changed: z.array(z.enum(['name', 'ai_context', 'time_zone'])),
        by: c.Actor,
      }),
      public: true,
    }),
  },
})
