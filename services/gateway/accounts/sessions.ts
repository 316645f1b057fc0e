// Browser sessions: a random token in a cookie, its hash in the store. Knows no page.
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import type { AppError } from '../../../shared/contracts/define/errors.ts'
import { scopesOfRole } from '../../../shared/contracts/define/scopes.ts'
import { byOf, recordAudit } from '../audit/audit.ts'
import type { Deps } from '../deps.ts'
import { nameOfSiteCookie, portlessSiteCookie, siteCookie } from '../http/cookies.ts'
import { sha256 } from '../secrets.ts'
import { translatedError } from '../translated-errors.ts'
import type { ProviderSession, Session } from './account-store.ts'
import { deviceOfAgent } from './device-rules.ts'
import { rememberDevice } from './devices.ts'
import {
  isActive,
  isOfPassword,
  type Membership,
  membershipIn,
  type Person,
  passwordVersionOf,
  workspacesOf,
} from './person-rules.ts'
import { hasSecondFactor, isOver, type SessionMethod } from './session-rules.ts'

/** How often the use of a session is noted (ms). */
const NOTE_EVERY_MS = 5 * 60_000

/** A signed-in browser. `membership` is of the workspace that its pages show; undefined for a member of none. */
export type SignedIn = Readonly<{
  session: Session
  person: Person
  membership: Membership | undefined
  /** Workspaces that require a second factor, which this session has not proved: it can do nothing in them. Absent: none. */
  barred?: readonly string[]
}>

const COOKIE = 'loops_session'
/** The cookie's name, and its name from before names held the port: whoever signed in under that one stays signed in. */
const namesOf = ({ public_url }: Deps): readonly [name: string, former: string] => [
  nameOfSiteCookie(public_url, COOKIE),
  portlessSiteCookie(public_url, COOKIE),
]

/** The session tokens that a browser sends. The store does not know one of another copy of Loops. */
const tokensOf = (c: Context, deps: Deps): readonly string[] =>
  [...new Set(namesOf(deps))].flatMap((name) => getCookie(c, name) || [])

/** What is noted of a session's use. */
const useOf = (c: Context, deps: Deps, used_at: Date) => ({
  used_at,
  address: deps.addressOf(c),
  device: deviceOfAgent(c.req.header('user-agent')),
})

const forget = async (c: Context, deps: Deps): Promise<void> => {
  for (const token of tokensOf(c, deps)) await deps.store.sessions.remove(sha256(token))
}

const recordOf = (c: Context, deps: Deps, action: 'session.started' | 'session.ended', person: Person) => ({
  action,
  ws: workspacesOf(person),
  by: byOf({ person }),
  address: deps.addressOf(c),
  outcome: 'done' as const,
})

/** Signs the browser of a request out. */
export const endSession = async (c: Context, deps: Deps): Promise<void> => {
  const signedIn = await findSignedIn(c, deps)
  if (signedIn)
    await recordAudit(deps, { ...recordOf(c, deps, 'session.ended', signedIn.person), target: {} })
  await forget(c, deps)
  deleteCookie(c, namesOf(deps)[0], siteCookie(deps.public_url))
}

/** The refusal of an account that may not be used. Say it only to somebody who has proved that it is theirs. */
export const deactivated = (): AppError => translatedError('forbidden', (words) => words.word('deactivated'))

/**
 * Signs a browser in and ends its former session. The token is always new, so a planted one is worthless (session fixation).
 * @param methods what the person has just proved who they are by.
 * @param provider the session at an identity provider that began this one.
 * @throws AppError `forbidden` when the account is deactivated.
 */
export const startSession = async (
  c: Context,
  deps: Deps,
  person: Person,
  methods: readonly SessionMethod[],
  provider?: ProviderSession,
): Promise<Session> => {
  if (!isActive(person)) throw deactivated()
  await forget(c, deps)
  const token = deps.ids.token()
  const now = deps.clock.now()
  const expires_at = new Date(now.getTime() + deps.session_limits.lasts_ms)
  const workspace_id = person.memberships[0]?.workspace_id ?? null
  const session: Session = {
    _id: sha256(token),
    user_id: person._id,
    workspace_id,
    ...passwordVersionOf(person),
    authenticated_at: now,
    methods: [...methods],
    ...(provider ? { provider } : {}),
    created_at: now,
    expires_at,
    ...useOf(c, deps, now),
  }
  await deps.store.sessions.insert(session)
  const target = { methods: methods.join(' ') }
  await recordAudit(deps, { ...recordOf(c, deps, 'session.started', person), target })
  setCookie(c, namesOf(deps)[0], token, { ...siteCookie(deps.public_url), expires: expires_at })
  rememberDevice(c, deps, person._id)
  return session
}

/** A person without their memberships of deleted workspaces, which end in the background: to their pages they have ended. */
const withoutThose = (person: Person, deleted: readonly string[]): Person =>
  deleted.length === 0
    ? person
    : {
        ...person,
        memberships: person.memberships.filter(({ workspace_id }) => !deleted.includes(workspace_id)),
      }

/** The memberships that a signed-in person may act under in this session. */
export const openTo = ({ person, barred = [] }: Pick<SignedIn, 'person' | 'barred'>): readonly Membership[] =>
  person.memberships.filter(({ workspace_id }) => !barred.includes(workspace_id))

/** Who the browser of a request is signed in as. */
export const findSignedIn = async (c: Context, deps: Deps): Promise<SignedIn | undefined> => {
  let session: Session | null = null
  const now = deps.clock.now()
  for (const token of tokensOf(c, deps)) session ??= await deps.store.sessions.find(sha256(token), now)
  if (session && isOver(session, now, deps.session_limits.idle_ms)) return undefined
  const found = session && (await deps.store.people.byId(session.user_id))
  if (!session || !found || !isActive(found) || !isOfPassword(session, found)) return undefined
  const { deleted, requiring } = await deps.store.workspaces.closedAmong(workspacesOf(found))
  const person = withoutThose(found, deleted)
  if (now.getTime() - (session.used_at?.getTime() ?? 0) >= NOTE_EVERY_MS)
    await deps.store.sessions.noteUse(session._id, useOf(c, deps, now))
  const shown = session.workspace_id === null ? undefined : membershipIn(person, session.workspace_id)
  const membership = shown ?? person.memberships[0]
  const barred = hasSecondFactor(session) ? [] : requiring
  const isBarred = membership !== undefined && barred.includes(membership.workspace_id)
  return { session, person, membership: isBarred ? undefined : membership, barred }
}

/** A person in the browser as the caller of operations. */
export const callerOf = (person: Person, membership: Membership): Caller => ({
  kind: 'person',
  user_id: person._id,
  user_name: person.name,
  workspace_id: membership.workspace_id,
  role: membership.role,
  scopes: scopesOfRole(membership.role),
  client_id: 'web',
  client_name: 'Loops in the browser',
  grant_id: null,
})
