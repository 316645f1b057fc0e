// The browsers in which somebody is signed in: listed, and ended one by one or all but one.
import { notFound } from '../../../shared/contracts/define/errors.ts'
import type { Deps } from '../deps.ts'
import type { Session } from './account-store.ts'
import { isOfPassword, type Person } from './person-rules.ts'
import { isOver } from './session-rules.ts'

type SessionDeps = Pick<Deps, 'clock' | 'session_limits'> &
  Readonly<{ store: Pick<Deps['store'], 'sessions'> }>

/** Sessions that are shown. */
export const SHOWN_SESSIONS = 100

/** The browsers that are signed in as this person, the last used first. */
export const liveSessions = async (deps: SessionDeps, person: Person): Promise<readonly Session[]> => {
  const now = deps.clock.now()
  const sessions = await deps.store.sessions.list(person._id, now, SHOWN_SESSIONS)
  return sessions.filter(
    (session) => isOfPassword(session, person) && !isOver(session, now, deps.session_limits.idle_ms),
  )
}

/**
 * Signs one browser of a person out. Every gateway refuses it at once.
 * @throws AppError `not_found`, also for a browser of somebody else.
 */
export const endSessionOf = async (
  deps: Pick<SessionDeps, 'store'>,
  userId: string,
  id: string,
): Promise<void> => {
  if (!(await deps.store.sessions.removeOf(userId, id))) throw notFound('session', id)
}

/** Signs every browser of a person out but one; all of them without it. Apps and tokens go on. */
export const endOtherSessions = (
  deps: Pick<SessionDeps, 'store'>,
  userId: string,
  kept?: string,
): Promise<void> => deps.store.sessions.removeOthers(userId, kept)
