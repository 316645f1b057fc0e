// The shapes that the operations of the gateway share. They stand alone, as in every contract.
import * as z from 'zod'
import * as c from '../define/common.ts'

export const WORKFLOWS = ['triage', 'organize', 'implement', 'manage'] as const

export const Workspace = z.object({
  id: c.Id,
  name: c.Name,
  ai_context: c.AiContext.describe('Project-level instructions for agents, written by its people'),
  time_zone: z.string().describe('IANA name, such as Europe/Zurich'),
  created_at: c.Timestamp,
  version: c.Version,
})
export type Workspace = z.infer<typeof Workspace>

/** Whom a connection acts for, as calls on its behalf name them. */
export const ConnectionCaller = z.object({
  kind: z.literal('person'),
  user_id: c.Id,
  user_name: z.string(),
  workspace_id: c.Id,
  role: c.Member.shape.role,
  scopes: z.array(c.ScopeName),
  client_id: z.string(),
  client_name: z.string(),
  grant_id: z.string(),
})
export type ConnectionCaller = z.infer<typeof ConnectionCaller>
