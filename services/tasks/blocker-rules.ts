// Which tasks must be done before others: edges between tasks, and what follows from them. Pure.
//
// An edge stands on the dependent. It says whether its blocker is open, as of a version of the blocker, so that what comes
// late or twice does no harm.
import type { Actor, TaskStatus } from '../../shared/contracts/define/common.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'

/** One thing that a task waits for. */
export type Edge = Readonly<{
  /** The blocker. */
  task_id: string
  /** Whether the blocker was unfinished at its version `v`. */
  open: boolean
  v: number
}>

/** What the edges of a task have still to be compared with. */
export type PendingSync = Readonly<{
  /** The version of the task that this came with. */
  v: number
  at: Date
  by: Actor
  /** Edges that this version added: they are checked once more for a cycle. */
  added?: readonly string[]
}>

/** What a task says of its blockers and dependents. Tasks of earlier releases say nothing. */
export type Blocking = Readonly<{
  blocked_by?: readonly Edge[] | undefined
  /** How many of its blockers are open; absent: none. */
  open_blockers?: number | undefined
  /** Set before the first edge to this task is saved, and kept. */
  blocks?: true | undefined
  pending_sync?: PendingSync | undefined
}>

/** What decides whether a task blocks others. */
type Finishable = Readonly<{ status: TaskStatus; deleted_at?: Date }>

/** Whether a task keeps its dependents waiting. */
export const isOpen = ({ status, deleted_at }: Finishable): boolean =>
  deleted_at === undefined && status !== 'shipped' && status !== 'rejected'

/** The stored fields of these edges. */
export const edgeFields = (edges: readonly Edge[] = []): Pick<Blocking, 'blocked_by' | 'open_blockers'> => ({
  blocked_by: edges.length > 0 ? edges : undefined,
  open_blockers: edges.filter(({ open }) => open).length || undefined,
})

/** A blocker as it is now; null: there is no such task any more. */
export type BlockerState = Readonly<{ open: boolean; v: number }> | null

/**
 * Edges after some were added and removed.
 * @param added the new blockers, as they are now.
 * @throws AppError `limit_exceeded` when there are too many.
 */
export const changeEdges = (
  before: readonly Edge[] = [],
  added: readonly Edge[],
  removed: readonly string[],
): readonly Edge[] => {
  const known = new Set(before.map(({ task_id }) => task_id))
  const edges = [...before, ...added.filter(({ task_id }) => !known.has(task_id))]
  const after = edges.filter(({ task_id }) => !removed.includes(task_id))
  if (after.length <= LIMITS.blockers) return after
  throw new AppError('limit_exceeded', `A task can wait for at most ${LIMITS.blockers} others.`, {
    hint: 'Remove what it need not wait for.',
  })
}

/**
 * Edges compared with their blockers; the same list when nothing is new.
 * @param states blockers as they are now; absent: not asked about.
 */
export const refreshEdges = (
  edges: readonly Edge[],
  states: ReadonlyMap<string, BlockerState>,
): readonly Edge[] => {
  const after = edges.flatMap((edge): Edge[] => {
    const state = states.get(edge.task_id)
    if (state === null) return []
    // Also where `open` is the same: a late write of a version between the two must find itself late.
    const newer = state !== undefined && state.v > edge.v
    return [newer ? { ...edge, ...state } : edge]
  })
  return after.length === edges.length && after.every((edge, n) => edge === edges[n]) ? edges : after
}

/** Whether a change begins work that waits for something. */
export const beginsBlocked = (
  before: Readonly<{ status: TaskStatus }>,
  status: TaskStatus | undefined,
  edges: readonly Edge[] = [],
): boolean => status === 'in_progress' && before.status !== 'in_progress' && edges.some(({ open }) => open)

/**
 * What is to be compared after a change: the dependents of a task that was finished or taken up again, and the blockers of
 * one with new edges.
 */
export const pendingSync = (
  before: Finishable & Blocking & Readonly<{ v: number }>,
  after: Finishable & Pick<Blocking, 'blocked_by'>,
  by: Actor,
  at: Date,
): PendingSync | undefined => {
  const known = new Set(before.blocked_by?.map(({ task_id }) => task_id))
  const fresh = (after.blocked_by ?? []).flatMap(({ task_id }) => (known.has(task_id) ? [] : [task_id]))
  // What an earlier change left unchecked stays so.
  const added = [...new Set([...(before.pending_sync?.added ?? []), ...fresh])]
  const passes =
    before.blocks === true && (after.deleted_at !== undefined || isOpen(before) !== isOpen(after))
  if (!passes && fresh.length === 0) return before.pending_sync
  return { v: before.v + 1, at, by, ...(added.length > 0 ? { added } : {}) }
}

/** A walk from a task up its blockers: how each was reached. */
export type Walk = Map<string, string>

/** Begins at the blockers that a task is to have. */
export const beginWalk = (task_id: string, blockers: readonly string[]): Walk =>
  new Map(blockers.map((id) => [id, task_id]))

/** Goes one step further. @returns the tasks that were not reached before. */
export const walkOn = (
  walk: Walk,
  found: readonly Readonly<{ _id: string; blocked_by?: readonly Edge[] | undefined }>[],
): string[] =>
  found.flatMap(({ _id, blocked_by = [] }) =>
    blocked_by.flatMap(({ task_id }) => {
      if (walk.has(task_id)) return []
      walk.set(task_id, _id)
      return [task_id]
    }),
  )

/** The cycle that a walk has found, from the task and back to it; undefined: none. */
export const cycleOf = (walk: Walk, task_id: string): readonly string[] | undefined => {
  if (!walk.has(task_id)) return undefined
  const path = [task_id]
  for (let at = walk.get(task_id); at !== undefined && at !== task_id; at = walk.get(at)) path.unshift(at)
  return [task_id, ...path]
}
