// What happens to people, memberships and workspaces.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { event } from '../define/contract.ts'

const workspace_id = c.Id
const deactivation = z.object({
  user_id: c.Id,
  workspace_id,
  name: z.string(),
  through: z.enum(['operator', 'identity_provider']).describe('Whose word it was'),
})

export const events = {
  'person.invited': event({
    description: 'Somebody was invited to the workspace, and gets an email with the link.',
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
    description: 'Somebody left the workspace, or was removed from it.',
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
  'person.deactivated': event({
    description:
      'The account of a member was deactivated in the whole installation. They stay a member, but can do nothing, and get no mail.',
    subject: 'user_id',
    data: deactivation,
    public: true,
  }),
  'person.reactivated': event({
    description: 'The account of a member may be used again.',
    subject: 'user_id',
    data: deactivation,
    public: true,
  }),
  'person.password_reset_requested': event({
    description: 'Somebody asked for a new password. The account gets an email with the link.',
    subject: 'reset_id',
    data: z.object({ reset_id: c.Id, user_id: c.Id }),
  }),
  'person.confirmation_requested': event({
    description: 'The address of an account has to be confirmed. It gets an email with the link.',
    subject: 'account_mail_id',
    data: z.object({ account_mail_id: c.Id, user_id: c.Id }),
  }),
  'person.sign_ins_failed': event({
    description: 'Somebody is trying passwords for an account. Its owner gets an email that says so.',
    subject: 'account_mail_id',
    data: z.object({ account_mail_id: c.Id, user_id: c.Id }),
  }),
  'person.account_mail_requested': event({
    description:
      'Something happened to an account, or its address is to be another one. The mail about it is sent, whose name is `mail`.',
    subject: 'account_mail_id',
    data: z.object({ account_mail_id: c.Id, user_id: c.Id, mail: z.string() }),
  }),
  'person.renamed': event({
    description: 'A member of the workspace has another name.',
    subject: 'user_id',
    data: z.object({ user_id: c.Id, workspace_id, name: z.string(), name_before: z.string() }),
    public: true,
  }),
  'workspace.updated': event({
    description: 'The settings of the workspace changed, such as its name, AI context or time zone.',
    subject: 'workspace_id',
    data: z.object({
      workspace_id,
      version: c.Version,
      changed: z.array(z.enum(['name', 'ai_context', 'time_zone'])),
      also_changed: z
        .array(z.string())
        .optional()
        .describe(
          'Further settings that changed, such as claim_limits, token_policy, blocked_clients or second_factor',
        ),
      by: c.Actor,
    }),
    public: true,
  }),
  'workspace.deleted': event({
    description:
      'The workspace was deleted with all that belongs to it. Its members have left with it: no event says so of each. Events of it that come later may be dropped.',
    subject: 'workspace_id',
    data: z.object({ workspace_id, version: c.Version, by: c.Actor }),
  }),
  'audit.recorded': event({
    description:
      'The audit log took up an entry: who did what, through what, from where, and how it ended. The events of a log have its places as `sequence`, without a gap. Only subscribers of the operator get it.',
    subject: 'log_id',
    data: z.object({
      log_id: z.string().describe('The workspace, or "installation" for what belongs to none'),
      workspace_id: workspace_id.optional(),
      entry_id: c.Id.describe('The same in each log that has the entry'),
      seq: c.Version.describe('The place in the log: 1, 2, 3 …'),
      at: c.Timestamp,
      action: z.string(),
      outcome: z.string().describe('done, refused or interrupted'),
      reason: z.string().optional().describe('The code of the error'),
      by: z.object({ user_id: z.string().nullable(), name: z.string(), via: z.string() }),
      address: z.string().nullable().describe('The network address that it came from'),
      target: z.record(z.string(), z.string()).describe('Ids and names of what it was done to'),
      prev_hash: z.string(),
      hash: z.string(),
    }),
  }),
}
