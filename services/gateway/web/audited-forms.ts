// Has what signed-in people do with forms recorded in the audit log. Knows no form.
import { workspacesOf } from '../accounts/person-rules.ts'
import { audited, byOf } from '../audit/audit.ts'
import type { AuditAction, AuditEntry } from '../audit/audit-rules.ts'
import type { Deps } from '../deps.ts'
import type { Ctx } from './layout.ts'

/** Whoever is signed in, and the workspace that their pages show. */
type Who = Readonly<{
  person: Readonly<{ _id: string; name: string; memberships: readonly Readonly<{ workspace_id: string }>[] }>
  membership: Readonly<{ workspace_id: string }> | undefined
}>

/** What a form is for, as the log has it. */
type Asked = Readonly<{ action: AuditAction; target: AuditEntry['target'] }>

/**
 * Does what a form asks for in the workspace that is shown.
 * @param found what is known of the target only afterwards, such as the id of what was made.
 * @throws what the work throws.
 */
export const auditedInWorkspace = <T>(
  c: Ctx,
  deps: Deps,
  who: Who,
  asked: Asked,
  work: () => Promise<T>,
  found?: (result: T) => AuditEntry['target'],
): Promise<T> => {
  const ws = who.membership ? [who.membership.workspace_id] : []
  return audited(deps, { ...asked, ws, by: byOf(who), address: deps.addressOf(c) }, work, found)
}

/** Does what a form asks for with the person's own account: the owners of each of their workspaces may read it. */
export const auditedOfAccount = <T>(
  c: Ctx,
  deps: Deps,
  who: Pick<Who, 'person'>,
  action: AuditAction,
  work: () => Promise<T>,
  target: AuditEntry['target'] = {},
): Promise<T> => {
  const { _id: user_id } = who.person
  const ws = workspacesOf(who.person)
  const entry = { action, ws, by: byOf(who), address: deps.addressOf(c), target: { user_id, ...target } }
  return audited(deps, entry, work)
}
