// Browser sessions: a random token in a cookie, its hash in the store. Knows no page.
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { scopesOfRole } from '../../../shared/contracts/define/scopes.ts'
import type { Deps } from '../deps.ts'
import { nameOfSiteCookie } from '../http/cookies.ts'
import { sha256 } from '../secrets.ts'
import type { Session } from './account-store.ts'
import { rememberDevice } from './devices.ts'
import {
  isOfPassword,
  type Membership,
  membershipIn,
  type Person,
  passwordVersionOf,
} from './person-rules.ts'

/** How long a browser stays signed in (ms). */
const SESSION_MS = 30 * 24 * 60 * 60_000

/** A signed-in browser: its session, its person, and the workspace that its pages show (none: a member of none). */
export type SignedIn = Readonly<{ session: Session; person: Person; membership: Membership | undefined }>

const isHttps = ({ public_url }: Deps): boolean => public_url.startsWith('https:')
const COOKIE = 'loops_session'
/** The cookie's name here, and the one that it had before names held the port: who is signed in by it stays so. */
const namesOf = ({ public_url }: Deps): readonly [name: string, before: string] => [
  nameOfSiteCookie(public_url, COOKIE),
  public_url.startsWith('https:') ? `__Host-${COOKIE}` : COOKIE,
]

/** The session tokens that a browser sends. One of another copy of Loops is not known here. */
const tokensOf = (c: Context, deps: Deps): readonly string[] =>
  [...new Set(namesOf(deps))].flatMap((name) => getCookie(c, name) || [])

const forget = async (c: Context, deps: Deps): Promise<void> => {
  for (const token of tokensOf(c, deps)) await deps.store.sessions.remove(sha256(token))
}

/** Signs the browser of a request out. */
export const endSession = async (c: Context, deps: Deps): Promise<void> => {
  await forget(c, deps)
  deleteCookie(c, namesOf(deps)[0], { path: '/', secure: isHttps(deps) })
}

/** Signs a browser in: always with a new token, so that one planted before is worth nothing, and ends what it had. */
export const startSession = async (c: Context, deps: Deps, person: Person): Promise<Session> => {
  await forget(c, deps)
  const token = deps.ids.token()
  const now = deps.clock.now()
  const expires_at = new Date(now.getTime() + SESSION_MS)
  const workspace_id = person.memberships[0]?.workspace_id ?? null
  const session = {
    _id: sha256(token),
    user_id: person._id,
    workspace_id,
    ...passwordVersionOf(person),
    created_at: now,
    expires_at,
  }
  await deps.store.sessions.insert(session)
  setCookie(c, namesOf(deps)[0], token, {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: isHttps(deps),
    expires: expires_at,
  })
  rememberDevice(c, deps, person._id)
  return session
}

/** Who the browser of a request is signed in as. */
export const findSignedIn = async (c: Context, deps: Deps): Promise<SignedIn | undefined> => {
  let session: Session | null = null
  for (const token of tokensOf(c, deps))
    session ??= await deps.store.sessions.find(sha256(token), deps.clock.now())
  const person = session && (await deps.store.people.byId(session.user_id))
  if (!session || !person || !isOfPassword(session, person)) return undefined
  const shown = session.workspace_id === null ? undefined : membershipIn(person, session.workspace_id)
  return { session, person, membership: shown ?? person.memberships[0] }
}

/** A person at our own pages as the caller of operations. */
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
