// What is counted where: the lists that a task is on, and how a change of it changes the counts. Pure.
import {
  type Priority,
  TASK_STATUSES,
  type TaskCounts,
  type TaskStatus,
} from '../../shared/contracts/define/common.ts'
import { isHeldBack, READY_STATUS, type StoredReadiness } from './ready-rules.ts'

/**
 * The lists that a task can be on: `unassigned`, or `assigned`, the list of its loop (by the loop's id), and `public` if
 * that loop is public. Whatever a person may list is a few of these that have no task in common.
 */
export type List = string
export const UNASSIGNED: List = 'unassigned'
const ASSIGNED: List = 'assigned'
/** Tasks in public loops. */
export const PUBLIC: List = 'public'
/** Those that the workspace's document counts. */
export const OF_WORKSPACE: readonly List[] = [UNASSIGNED, ASSIGNED, PUBLIC]

/** Where a task is and who sees it: `acl` is `public`, or the id of the private loop that it is in. */
export type Location = Readonly<{ loop_id: string | null; acl: string }>
/** What counts tell apart. */
export type Countable = StoredReadiness & Readonly<{ shelves: readonly List[]; priority: Priority }>

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

/** The document that counts a list: the workspace's, or the loop's own. */
export const counterOf = (ws: string, shelf: List): string => (OF_WORKSPACE.includes(shelf) ? ws : shelf)

/** A number to add to one counter of one tally document. */
export type Increment = Readonly<{ tally: string; path: string; by: number }>

/** What a saved change of a document adds to the counters, which may not have it yet. */
export type PendingIncrements = Readonly<{
  id: string
  at: Date
  sums: readonly Increment[]
  /** Taken over by a sweeper, after whoever made the change did not finish. */
  claimed?: true
}>

/** The sums with those for the same counter made one, and those that cancel out left out. */
export const mergeIncrements = (sums: readonly Increment[]): Increment[] => {
  const merged = new Map<string, Increment>()
  for (const sum of sums) {
    const key = `${sum.tally} ${sum.path}`
    merged.set(key, { ...sum, by: sum.by + (merged.get(key)?.by ?? 0) })
  }
  return [...merged.values()].filter(({ by }) => by !== 0)
}

const cellsOf = (ws: string, task: Countable | null, by: number): Increment[] =>
  (task?.shelves ?? []).flatMap((shelf) => {
    const tally = counterOf(ws, shelf)
    const cell = { tally, path: `tasks.${shelf}.${task?.status}.${task?.priority}`, by }
    return task && isHeldBack(task) ? [cell, { tally, path: heldBackPath(shelf), by }] : [cell]
  })

/** The counter of the tasks of a list that have the status for work and are not ready. */
export const heldBackPath = (shelf: List): string => `held_back.${shelf}`

/** What to add where when a task changes; null before it is made and after it is deleted. Empty: counts stay. */
export const differenceOf = (ws: string, before: Countable | null, after: Countable | null): Increment[] =>
  mergeIncrements([...cellsOf(ws, before, -1), ...cellsOf(ws, after, 1)])

/** Whether a change may have made or ended ready tasks in the loop that this document counts. */
export const movesReady = ({ sums }: Pick<PendingIncrements, 'sums'>, loop: string): boolean =>
  sums.some(
    ({ tally, path }) =>
      tally === loop && (path.startsWith(`tasks.${loop}.${READY_STATUS}.`) || path === heldBackPath(loop)),
  )

/** One more comment on a task or loop. */
export const commentIncrement = (parent: string): Increment[] => [{ tally: parent, path: 'comments', by: 1 }]

/** The counters of one list: by status, then by priority; absent is 0. */
export type Cells = Readonly<Partial<Record<TaskStatus, Readonly<Partial<Record<Priority, number>>>>>>
/** The counters of one tally document. */
export type CounterFields = Readonly<{
  tasks?: Readonly<Record<List, Cells>>
  held_back?: Readonly<Record<List, number>>
  comments?: number
}>
/** CounterFields documents by id. */
export type CountersById = ReadonlyMap<string, CounterFields>

// A counter can be below zero for the moment in which a later change of a task is counted before an earlier one.
const atLeastZero = (sum: number): number => Math.max(0, sum)

/** How many tasks of these lists have the given status and priority; absent: any. */
export const countMatching = (
  tallies: CountersById,
  ws: string,
  shelves: readonly List[],
  filter: Readonly<{ status?: TaskStatus | undefined; priority?: Priority | undefined }>,
): number => {
  let sum = 0
  for (const shelf of shelves) {
    const cells = tallies.get(counterOf(ws, shelf))?.tasks?.[shelf] ?? {}
    for (const status of filter.status ? [filter.status] : TASK_STATUSES)
      for (const [priority, count] of Object.entries(cells[status] ?? {}))
        if (filter.priority === undefined || filter.priority === priority) sum += count
  }
  return atLeastZero(sum)
}

/** Counts by status with their total. */
export const sumOf = (countOf: (status: TaskStatus) => number): TaskCounts => {
  const counts = Object.fromEntries(TASK_STATUSES.map((status) => [status, countOf(status)]))
  return {
    ...(counts as Record<TaskStatus, number>),
    total: Object.values(counts).reduce((sum, count) => sum + count, 0),
  }
}

/** The counts by status of these lists together. */
export const countByStatus = (tallies: CountersById, ws: string, shelves: readonly List[]): TaskCounts =>
  sumOf((status) => countMatching(tallies, ws, shelves, { status }))

/** How many tasks of a list are ready: those with the status for work, but for those that are held back. */
export const countReady = (tallies: CountersById, ws: string, shelf: List): number =>
  atLeastZero(
    countMatching(tallies, ws, [shelf], { status: READY_STATUS }) -
      (tallies.get(counterOf(ws, shelf))?.held_back?.[shelf] ?? 0),
  )

/** How many comments a task or loop has. */
export const countComments = (tallies: CountersById, parent: string): number =>
  atLeastZero(tallies.get(parent)?.comments ?? 0)
