// Makes a workspace for somebody who has an account, as its owner. After the last workspace of an installation was deleted,
// nobody could else make one: accounts are there, so no setup link is given out any more.
import { notFound } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { fieldFault, translatedError } from '../translated-errors.ts'
import { isActive, type Membership, normalizeName } from './person-rules.ts'
import { joinedEvent } from './role-rules.ts'
import { finish } from './unfinished.ts'

/**
 * Makes a workspace.
 * @returns its id
 * @throws AppError `not_found`; `forbidden` for an account that may not be used; `invalid_argument` for the name.
 */
export const foundWorkspace = async (
  deps: Pick<Deps, 'store' | 'ids' | 'clock'>,
  userId: string,
  typed: string,
): Promise<string> => {
  const { store, ids, clock } = deps
  const workspace_name = normalizeName(typed)
  if (workspace_name === undefined) throw fieldFault('name', (words) => words.word('no_workspace_name'))
  const workspace_id = ids.next()
  const membership: Membership = {
    id: ids.next(),
    workspace_id,
    workspace_name,
    role: 'owner',
    joined_at: clock.now(),
  }
  await untilSaved(async () => {
    const person = await store.people.byId(userId)
    if (!person) throw notFound('person', userId)
    if (!isActive(person)) throw translatedError('forbidden', (words) => words.word('deactivated'))
    const saved = await store.people.join(person, membership, undefined, [joinedEvent(person, membership)])
    if (saved === 'stale' || saved === 'invitation_taken') return undefined
    await finish(deps, saved)
    return true
  }, ids.random)
  return workspace_id
}
