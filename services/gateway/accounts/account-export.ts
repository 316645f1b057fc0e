// Everything that is kept about a person's account, for the person. It holds no secret: passwords, tokens and keys are kept only
// as hashes or sealed, and are left out.
import type { Deps } from '../deps.ts'
import type { Person } from './person-rules.ts'
import { liveSessions } from './session-list.ts'

/** Most connections and tokens; nobody has as many. */
const MOST = 1_000

/** The account as plain data, ready for JSON. */
export type AccountExport = Readonly<Record<string, unknown>>

const accountOf = (person: Person) => ({
  id: person._id,
  name: person.name,
  email: person.email,
  address_confirmed_at: person.confirmed_at ?? null,
  has_password: person.password_hash !== null,
  language: person.locale,
  time_zone: person.time_zone ?? null,
  created_at: person.created_at,
})

/** Everything about an account, its workspaces, signed-in browsers, apps and tokens. */
export const exportAccount = async (deps: Deps, person: Person): Promise<AccountExport> => {
  const { store, clock } = deps
  const now = clock.now()
  const [sessions, grants, tokens, workspaces] = await Promise.all([
    liveSessions(deps, person),
    store.grants.inForce(person._id, now, MOST),
    store.personalTokens.list(person._id, MOST),
    store.workspaces.findAll(person.memberships.map(({ workspace_id }) => workspace_id)),
  ])
  const names = new Map(workspaces.map(({ _id, name }) => [_id, name]))
  return {
    exported_at: now,
    account: accountOf(person),
    workspaces: person.memberships.map(({ workspace_id, workspace_name, role, joined_at }) => ({
      id: workspace_id,
      name: names.get(workspace_id) ?? workspace_name,
      role,
      joined_at,
    })),
    signed_in_browsers: sessions.map(({ device, address, created_at, used_at, expires_at }) => ({
      browser: device?.browser ?? null,
      system: device?.system ?? null,
      address: address ?? null,
      created_at,
      used_at: used_at ?? null,
      expires_at,
    })),
    connected_apps: grants.map(({ client_name, redirect_uri, ws, scopes, created_at, last_used_at }) => ({
      name: client_name,
      redirect_uri,
      workspace_id: ws,
      scopes,
      created_at,
      last_used_at,
    })),
    access_tokens: tokens.map(({ name, ending, ws, scopes, created_at, expires_at, last_used_on }) => ({
      name,
      ending,
      workspace_id: ws,
      scopes,
      created_at,
      expires_at,
      last_used_on,
    })),
  }
}
