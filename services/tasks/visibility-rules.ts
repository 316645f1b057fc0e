// Where a task is, which lists it is on, and which lists a person sees. Pure.
//
// A task is as visible as the loop that it is in. One in no loop is visible to the whole workspace.
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { LoopRef } from '../../shared/contracts/tasks/shapes.ts'

/**
 * The lists that a task can be on: `unassigned`, or `assigned`, the list of its loop (by the loop's id), and `public` if
 * that loop is public. Whatever a person may list is a few of these that have no task in common.
 */
export type List = string
export const UNASSIGNED: List = 'unassigned'
export const ASSIGNED: List = 'assigned'
/** Tasks in public loops. */
export const PUBLIC: List = 'public'

/** Where a task is and who sees it: `acl` is `public`, or the id of the private loop that the task is in. */
export type Location = Readonly<{ loop_id: string | null; acl: string }>

/** In no loop. */
export const NOWHERE: Location = { loop_id: null, acl: PUBLIC }

/** In a loop, whose visibility never changes. */
export const locationIn = (loop: Pick<LoopRef, 'id' | 'visibility'>): Location => ({
  loop_id: loop.id,
  acl: loop.visibility === 'private' ? loop.id : PUBLIC,
})

/**
 * In a loop that somebody moves a task into.
 * @throws AppError `invalid_transition` when the loop is shipped.
 */
export const openLocationIn = (
  loop: Pick<LoopRef, 'id' | 'visibility'> & Readonly<{ status: string }>,
): Location => {
  if (loop.status === 'shipped')
    throw new AppError('invalid_transition', 'This loop is shipped; no task can be added to it.', {
      hint: 'Name a loop that is active or on hold, or make a new one with create_loop.',
      details: { loop_id: loop.id, status: loop.status },
    })
  return locationIn(loop)
}

/** Whether a task is in a private loop, so that only those who see that loop see the task. */
export const isPrivate = ({ acl }: Pick<Location, 'acl'>): boolean => acl !== PUBLIC

/** Whether somebody sees a private loop, by its id. */
export type SeesLoop = (loop_id: string) => boolean

/** Somebody who sees these private loops; null: all of them. */
export const seesThese = (loop_ids: readonly string[] | null): SeesLoop => {
  const among = loop_ids && new Set(loop_ids)
  return (loop_id) => among?.has(loop_id) ?? true
}

/** Whether somebody sees a task, by the private loops that they see. */
export const isSeen = (task: Pick<Location, 'acl'>, sees: SeesLoop): boolean =>
  !isPrivate(task) || sees(task.acl)

/** The lists that a task is on. */
export const listsOf = ({ loop_id, acl }: Location): List[] =>
  loop_id === null ? [UNASSIGNED] : acl === PUBLIC ? [ASSIGNED, PUBLIC, loop_id] : [ASSIGNED, loop_id]

/**
 * The lists that together hold each task of a scope once, as one person sees them.
 * @param privateLoops the private loops that the person sees; null: all of them.
 */
export const visibleLists = (
  scope: 'unassigned' | 'assigned' | 'all',
  privateLoops: readonly string[] | null,
): List[] => {
  const assigned = privateLoops === null ? [ASSIGNED] : [PUBLIC, ...privateLoops]
  if (scope === 'unassigned') return [UNASSIGNED]
  return scope === 'assigned' ? assigned : [UNASSIGNED, ...assigned]
}
