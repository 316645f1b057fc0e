// Everything that is kept about a person's account, for the person. It holds no secret: passwords, tokens and keys are kept only
// as hashes or sealed, and are left out. Of browsers that are known nothing is kept here: they hold a cookie. What a person
// wrote is in the export of its workspace, by its author.
import { ownCall } from '../../../shared/bus/headers.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import type { Deps } from '../deps.ts'
import { factorsOf } from './factors.ts'
import { type Person, workspacesOf } from './person-rules.ts'
import { liveSessions } from './session-list.ts'
import { callerOf } from './sessions.ts'

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

/** The kinds of second factors and their dates. */
const factorsFor = async (deps: Deps, person: Person) => {
  const { passkeys, code_app, recovery } = await factorsOf(deps, person._id)
  return {
    passkeys: passkeys.map(({ name, created_at, last_used_at }) => ({ name, created_at, last_used_at })),
    code_app: code_app && { created_at: code_app.created_at, last_used_at: code_app.last_used_at },
    recovery_codes_left: recovery.length,
  }
}

/** What the person chose about the mails of each workspace; null where that cannot be told now. */
const mailChoices = (deps: Deps, person: Person) =>
  Promise.all(
    person.memberships.map(async (membership) => {
      const call = { ...ownCall(deps.clock, deps.ids.next()), caller: callerOf(person, membership) }
      try {
        const { wants, mentions, muted } = await deps.notifier.get_my_subscription({}, call)
        return { workspace_id: membership.workspace_id, wants, mentions, muted_loops: muted }
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        return { workspace_id: membership.workspace_id, wants: null }
      }
    }),
  )

/** Everything about an account, its workspaces, signed-in browsers, apps and tokens. */
export const exportAccount = async (deps: Deps, person: Person): Promise<AccountExport> => {
  const { store, clock } = deps
  const now = clock.now()
  const [sessions, grants, tokens, workspaces, second_factors, mail_preferences] = await Promise.all([
    liveSessions(deps, person),
    store.grants.inForce(person._id, now, MOST),
    store.personalTokens.list(person._id, MOST),
    store.workspaces.findAll(workspacesOf(person)),
    factorsFor(deps, person),
    mailChoices(deps, person),
  ])
  const names = new Map(workspaces.map(({ _id, name }) => [_id, name]))
  return {
    exported_at: now,
    account: accountOf(person),
    identities: (person.identities ?? []).map(({ iss, sub, at }) => ({
      issuer: iss,
      subject: sub,
      connected_at: at,
    })),
    second_factors,
    mail_preferences,
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
