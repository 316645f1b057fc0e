// What other services ask of the loops-queue service.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { GATEWAY, internal, internalRead } from '../define/contract.ts'
import { LoopRef } from '../tasks/shapes.ts'

const loop_id = c.Id
const workspace_id = c.Id

export const internals = {
  check_loop: internalRead({
    asked_by: ['tasks'],
    description: 'A loop that the person of the call can see, or not_found.',
    input: z.object({ loop_id }),
    output: z.object({ loop: LoopRef }),
    errors: ['not_found'],
  }),
  list_private_loops: internalRead({
    asked_by: ['tasks'],
    description: 'Ids of the private loops that the person of the call can see; null: every one (the owner).',
    input: z.object({}),
    output: z.object({ loop_ids: z.array(c.Id).nullable() }),
    errors: [],
  }),
  get_loop_states: internalRead({
    asked_by: ['tasks', GATEWAY],
    description: 'What became of loops, also of those being formed; an unknown one is absent.',
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
      'Who may see loops, just now: ids of people, null for every member of the workspace; an unknown loop is absent.',
    input: z.object({ workspace_id, loop_ids: z.array(c.Id).max(c.LIMITS.page) }),
    output: z.object({
      loops: z.array(z.object({ id: c.Id, reader_ids: z.array(c.Id).nullable() })),
    }),
    errors: [],
  }),
  list_loop_members: internalRead({
    description: 'Members of one private loop that the person of the call can see.',
    input: z.object({ loop_id }),
    output: z.object({ loop: LoopRef, member_ids: z.array(c.Id).nullable(), version: c.Version }),
    errors: ['not_found'],
  }),
  set_loop_member: internal({
    description: 'Adds a person to a private loop or takes one out, on behalf of one of its members.',
    input: z.object({ loop_id, user_id: c.Id, member: z.boolean() }),
    output: z.object({ changed: z.boolean(), member_ids: z.array(c.Id) }),
    errors: ['not_found', 'forbidden', 'invalid_argument', 'version_conflict', 'limit_exceeded'],
  }),
}
