// What the gateway itself keeps of a workspace, as lines of its export: settings, people, access and the audit log. Secrets
// are left out: of passwords, tokens and keys there are only hashes.
import { LIMITS } from '../../../shared/contracts/define/common.ts'
import type { Deps } from '../deps.ts'
import { membershipIn } from './person-rules.ts'
import { OPEN_INVITATIONS, workspaceView } from './workspace-rules.ts'
import { loadWorkspace } from './workspaces.ts'

/** A line: what it is of, and its members. */
export type WorkspaceLine = Readonly<{ type: string }> & Readonly<Record<string, unknown>>

/** Most connections, and most tokens; no workspace has as many. */
const MOST = 10_000
/** Entries of the audit log that are read at once. */
const READ = 200

async function* memberLines({ store }: Deps, ws: string): AsyncGenerator<WorkspaceLine> {
  for (let after: string | undefined; ; ) {
    const members = await store.people.members(ws, { ...(after ? { after } : {}), limit: LIMITS.page })
    for (const person of members) {
      const { role, joined_at } = membershipIn(person, ws) ?? {}
      yield { type: 'member', user_id: person._id, name: person.name, email: person.email, role, joined_at }
    }
    after = members.at(-1)?._id
    if (after === undefined || members.length < LIMITS.page) return
  }
}

async function* accessLines({ store, clock }: Deps, ws: string): AsyncGenerator<WorkspaceLine> {
  for (const one of await store.invitations.listPending(ws, OPEN_INVITATIONS)) {
    const { _id: id, email, role, invited_by, created_at, expires_at } = one
    yield { type: 'invitation', id, email, role, invited_by: invited_by.name, created_at, expires_at }
  }
  for (const one of await store.serviceAccounts.list(ws, MOST)) {
    const { _id: id, name, scopes, disabled, created_by, created_at, keys } = one
    const by = created_by.name
    yield {
      type: 'service_account',
      id,
      name,
      scopes,
      disabled,
      has_keys: !!keys,
      created_by: by,
      created_at,
    }
  }
  for (const one of await store.personalTokens.ofWorkspace(ws, MOST)) {
    const { _id: id, name, ending, user_id, scopes, created_at, expires_at, last_used_on } = one
    yield { type: 'token', id, name, ending, user_id, scopes, created_at, expires_at, last_used_on }
  }
  for (const one of await store.grants.ofWorkspace(ws, clock.now(), MOST)) {
    const { _id: id, client_id, client_name, user_id, scopes, created_at, last_used_at } = one
    yield { type: 'connection', id, client_id, client_name, user_id, scopes, created_at, last_used_at }
  }
}

/** The settings, then people and access. @throws AppError `not_found` */
export async function* peopleLines(deps: Deps, ws: string): AsyncGenerator<WorkspaceLine> {
  const workspace = await loadWorkspace(deps, ws)
  const { claim_limits, require_second_factor, token_policy, blocked_clients } = workspace
  const bounds = { claim_limits, require_second_factor, token_policy, blocked_clients }
  yield { type: 'settings', ...workspaceView(workspace), ...bounds }
  yield* memberLines(deps, ws)
  yield* accessLines(deps, ws)
}

/** The audit log, oldest first. */
export async function* auditLines({ store }: Deps, ws: string): AsyncGenerator<WorkspaceLine> {
  for (let after = 0; ; ) {
    const entries = await store.audit.read(ws, after, READ)
    for (const entry of entries) yield { type: 'audit', ...entry }
    after = entries.at(-1)?.seq ?? after
    if (entries.length < READ) return
  }
}
