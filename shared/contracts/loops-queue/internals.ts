// Operations that other services call.
import * as z from 'zod'
import { ActivityPage, activityFilters } from '../activity.ts'
import * as c from '../define/common.ts'
import { GATEWAY, internal, internalRead } from '../define/contract.ts'
import { LoopRef } from '../tasks/shapes.ts'

const loop_id = c.Id
const workspace_id = c.Id

export const internals = {
  check_loop: internalRead({
    asked_by: ['tasks'],
    description: 'A loop, if the caller can see it; else not_found.',
    input: z.object({ loop_id }),
    output: z.object({ loop: LoopRef }),
    errors: ['not_found'],
  }),
  list_private_loops: internalRead({
    asked_by: ['tasks', GATEWAY, 'webhooks'],
    description: 'Ids of the private loops that the caller can see; null: all of them, as for the owner.',
    input: z.object({}),
    output: z.object({ loop_ids: z.array(c.Id).nullable() }),
    errors: [],
  }),
  get_loop_states: internalRead({
    asked_by: ['tasks', GATEWAY, 'webhooks'],
    description: 'Status and visibility of loops, also of those being created. An unknown loop is left out.',
    input: z.object({ workspace_id, loop_ids: z.array(c.Id).max(c.LIMITS.page) }),
    output: z.object({
      loops: z.array(
        z.object({ id: c.Id, status: z.enum(['forming', ...c.LOOP_STATUSES]), visibility: c.Visibility }),
      ),
    }),
    errors: [],
  }),
  list_loop_readers: internalRead({
    asked_by: ['notifier'],
    description:
      'Names of loops, and who may see them now: ids of people, or null for every member of the workspace. An unknown loop is left out.',
    input: z.object({ workspace_id, loop_ids: z.array(c.Id).max(c.LIMITS.page) }),
    output: z.object({
      loops: z.array(
        z.object({
          id: c.Id,
          name: c.Name.optional().describe('Absent from an earlier release'),
          reader_ids: z.array(c.Id).nullable(),
        }),
      ),
    }),
    errors: [],
  }),
  list_loop_members: internalRead({
    description: 'Members of a private loop, if the caller can see it.',
    input: z.object({ loop_id }),
    output: z.object({ loop: LoopRef, member_ids: z.array(c.Id).nullable(), version: c.Version }),
    errors: ['not_found'],
  }),
  list_loops_members: internalRead({
    description:
      'Who sees loops, as far as the caller sees them: the first members of private ones. One that they do not see is left out.',
    input: z.object({
      loop_ids: z.array(c.Id).max(c.LIMITS.page),
      limit: z.int().min(1).max(50).default(10).describe('Members of each'),
    }),
    output: z.object({
      loops: z.array(
        z.object({
          loop_id: c.Id,
          member_ids: z.array(c.Id).nullable().describe('Null: a public loop, which everybody sees'),
          members_total: c.Count.optional().describe('Of a private loop'),
        }),
      ),
    }),
    errors: ['forbidden'],
  }),
  list_loop_activity: internalRead({
    description:
      'Who did what to the loops that the caller sees, and to their order, newest first. What was done to tasks, the tasks service lists.',
    input: z.object({ loop_id: c.Id.optional(), ...activityFilters }),
    output: ActivityPage,
    errors: ['forbidden', 'not_found'],
  }),
  set_loop_member: internal({
    description: 'Adds a person to a private loop or removes one, on behalf of one of its members.',
    input: z.object({ loop_id, user_id: c.Id, member: z.boolean() }),
    output: z.object({ changed: z.boolean(), member_ids: z.array(c.Id) }),
    errors: ['not_found', 'forbidden', 'invalid_argument', 'version_conflict', 'limit_exceeded'],
  }),
}
