// The tools of the gateway: where a connection works, and how.
import * as z from 'zod'
import * as c from '../define/common.ts'
import { READS, tool } from '../define/contract.ts'
import { HeldTask } from '../tasks/shapes.ts'
import { WORKFLOWS, Workspace } from './shapes.ts'

export const tools = {
  get_workspace: tool({
    title: 'Get the workspace',
    description:
      'The workspace that this connection works in: its name, ai_context (project-level instructions for agents), time zone and members, and the tasks that you hold. Read it once before you start.',
    scope: 'loops:read',
    annotations: READS,
    always_loaded: true,
    input: z.strictObject({}),
    output: z.object({
      workspace: Workspace,
      you: z.object({
        user_id: c.Id,
        name: z.string(),
        role: c.Member.shape.role,
        scopes: z.array(c.ScopeName),
      }),
      holding: z.array(HeldTask).optional().describe('What you hold'),
      holding_total: c.Count.optional().describe('If holding has not all'),
      holding_unknown: z.literal(true).optional().describe('It cannot be told now'),
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
    annotations: READS,
    input: z.strictObject({ workflow: z.enum(WORKFLOWS).describe('Which way of working') }),
    output: z.object({ workflow: z.enum(WORKFLOWS), title: z.string(), instructions: z.string() }),
    errors: ['invalid_argument'],
  }),
}
