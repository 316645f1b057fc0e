// Which counters there are, and how a change of a task changes them. Pure.
import {
  type Priority,
  TASK_STATUSES,
  type TaskCounts,
  type TaskStatus,
} from '../../shared/contracts/define/common.ts'
import { isHeldBack, READY_STATUS, type StoredReadiness } from './ready-rules.ts'
import { ASSIGNED, type List, PUBLIC, UNASSIGNED } from './visibility-rules.ts'

/** What the counters distinguish of a task. `shelves`: the lists that it is on. */
export type Countable = StoredReadiness & Readonly<{ shelves: readonly List[]; priority: Priority }>

/** The lists that the workspace's counter document counts. */
export const WORKSPACE_LISTS: readonly List[] = [UNASSIGNED, ASSIGNED, PUBLIC]

/** The id of the document that counts a list: the workspace's, or the loop's own. */
export const counterOf = (ws: string, list: List): string => (WORKSPACE_LISTS.includes(list) ? ws : list)

/** The counter of the tasks of a list with a status and a priority. */
export const taskPath = (list: List, status: string, priority: string): string =>
  `tasks.${list}.${status}.${priority}`

/** The counter of the tasks of a list that have the status for work and are not ready. */
export const heldBackPath = (list: List): string => `held_back.${list}`

/** The counter of comments. */
export const COMMENTS_PATH = 'comments'

/** A number to add to the counter at `path` of the counter document with the id `tally`. */
export type Increment = Readonly<{ tally: string; path: string; by: number }>

/** What a saved change of a document adds to the counters (`sums`), which may not have it yet. */
export type PendingIncrements = Readonly<{
  id: string
  at: Date
  sums: readonly Increment[]
  /** Taken over by a sweeper, because whoever made the change did not finish. */
  claimed?: true
}>

/** The increments with those of the same counter merged, and without those that cancel out. */
export const mergeIncrements = (increments: readonly Increment[]): Increment[] => {
  const merged = new Map<string, Increment>()
  for (const increment of increments) {
    const key = `${increment.tally} ${increment.path}`
    merged.set(key, { ...increment, by: increment.by + (merged.get(key)?.by ?? 0) })
  }
  return [...merged.values()].filter(({ by }) => by !== 0)
}

const incrementsOf = (ws: string, task: Countable | null, by: number): Increment[] =>
  task === null
    ? []
    : task.shelves.flatMap((list) => {
        const tally = counterOf(ws, list)
        const increment = { tally, path: taskPath(list, task.status, task.priority), by }
        return isHeldBack(task) ? [increment, { tally, path: heldBackPath(list), by }] : [increment]
      })

/**
 * What a change of a task adds to the counters; empty: they stay as they are.
 * @param before null for a new task.
 * @param after null for a deleted one.
 */
export const differenceOf = (ws: string, before: Countable | null, after: Countable | null): Increment[] =>
  mergeIncrements([...incrementsOf(ws, before, -1), ...incrementsOf(ws, after, 1)])

/** Whether a change may have made or ended ready tasks in a loop. */
export const changesReady = ({ sums }: Pick<PendingIncrements, 'sums'>, loop_id: string): boolean =>
  sums.some(
    ({ tally, path }) =>
      tally === loop_id &&
      (path.startsWith(`tasks.${loop_id}.${READY_STATUS}.`) || path === heldBackPath(loop_id)),
  )

/** The loops in which these changes may have made or ended ready tasks. */
export const loopsWithReady = (changes: readonly Pick<PendingIncrements, 'sums'>[]): string[] => [
  ...new Set(
    changes.flatMap((change) =>
      change.sums.map(({ tally }) => tally).filter((tally) => changesReady(change, tally)),
    ),
  ),
]

/** One more comment on a task or loop. */
export const commentIncrement = (parent: string): Increment[] => [
  { tally: parent, path: COMMENTS_PATH, by: 1 },
]

/** The counters of one list: by status, then by priority; absent is 0. */
export type ListCounters = Readonly<Partial<Record<TaskStatus, Readonly<Partial<Record<Priority, number>>>>>>
/** The counters of one counter document. */
export type CounterFields = Readonly<{
  tasks?: Readonly<Record<List, ListCounters>>
  held_back?: Readonly<Record<List, number>>
  comments?: number
}>
/** Counter documents by id. */
export type CountersById = ReadonlyMap<string, CounterFields>

const addedAt = (
  fields: Readonly<Record<string, unknown>>,
  [step = '', ...further]: readonly string[],
  by: number,
): Record<string, unknown> => {
  const at = fields[step]
  const added =
    further.length === 0 ? Number(at ?? 0) + by : addedAt((at ?? {}) as typeof fields, further, by)
  return { ...fields, [step]: added }
}

/** A counter document as it is stored, with the changes that it has counted and that may still be listed as pending. */
export type SeenCounter = CounterFields & Readonly<{ _id: string; seen?: Readonly<Record<string, unknown>> }>

/**
 * Counters as if the pending changes were counted already: each is added where it is not yet.
 * @param ids the counters that are asked for; one that is not `stored` has counted nothing.
 */
export const withPending = (
  ids: readonly string[],
  stored: readonly SeenCounter[],
  pending: readonly Pick<PendingIncrements, 'id' | 'sums'>[],
): CountersById => {
  const found = new Map(stored.map((counter) => [counter._id, counter]))
  const counters = new Map<string, CounterFields>(found)
  const asked = new Set(ids)
  for (const { id, sums } of pending)
    for (const { tally, path, by } of sums) {
      if (!asked.has(tally) || found.get(tally)?.seen?.[id] !== undefined) continue
      counters.set(tally, addedAt(counters.get(tally) ?? {}, path.split('.'), by) as CounterFields)
    }
  return counters
}

/**
 * Whether a counter may have forgotten one of these pending changes: it is not among the seen ones, and not pending any more.
 * @param later what was pending after the counters were read.
 */
export const isForgotten = (
  ids: readonly string[],
  stored: readonly SeenCounter[],
  pending: readonly Pick<PendingIncrements, 'id' | 'sums'>[],
  later: readonly Pick<PendingIncrements, 'id'>[],
): boolean => {
  const seenBy = new Map(stored.map(({ _id, seen }) => [_id, seen]))
  const still = new Set(later.map(({ id }) => id))
  return pending.some(
    ({ id, sums }) =>
      !still.has(id) &&
      sums.some(({ tally }) => ids.includes(tally) && seenBy.get(tally)?.[id] === undefined),
  )
}

// A counter is below zero for a moment when a later change of a task is counted before an earlier one.
const atLeastZero = (count: number): number => Math.max(0, count)

/** How many tasks of these lists have the given status and priority; absent: any. */
export const countMatching = (
  counters: CountersById,
  ws: string,
  lists: readonly List[],
  filter: Readonly<{ status?: TaskStatus | undefined; priority?: Priority | undefined }>,
): number => {
  let total = 0
  for (const list of lists) {
    const byStatus = counters.get(counterOf(ws, list))?.tasks?.[list] ?? {}
    for (const status of filter.status ? [filter.status] : TASK_STATUSES)
      for (const [priority, count] of Object.entries(byStatus[status] ?? {}))
        if (filter.priority === undefined || filter.priority === priority) total += count
  }
  return atLeastZero(total)
}

/** Counts by status, with their total. */
export const taskCounts = (countOf: (status: TaskStatus) => number): TaskCounts => {
  const counts = Object.fromEntries(TASK_STATUSES.map((status) => [status, countOf(status)]))
  return {
    ...(counts as Record<TaskStatus, number>),
    total: Object.values(counts).reduce((total, count) => total + count, 0),
  }
}

/** The counts by status of these lists together. */
export const countByStatus = (counters: CountersById, ws: string, lists: readonly List[]): TaskCounts =>
  taskCounts((status) => countMatching(counters, ws, lists, { status }))

/** How many tasks of these lists have the status for work and wait for something. */
export const countHeldBack = (counters: CountersById, ws: string, lists: readonly List[]): number =>
  atLeastZero(
    lists.reduce((sum, list) => sum + (counters.get(counterOf(ws, list))?.held_back?.[list] ?? 0), 0),
  )

/** How many tasks of a list are ready: those with the status for work, less those that are held back. */
export const countReady = (counters: CountersById, ws: string, list: List): number =>
  atLeastZero(
    countMatching(counters, ws, [list], { status: READY_STATUS }) - countHeldBack(counters, ws, [list]),
  )

/** How many comments a task or loop has. */
export const countComments = (counters: CountersById, parent: string): number =>
  atLeastZero(counters.get(parent)?.comments ?? 0)

/** Counters by their paths. */
export type Counts = ReadonlyMap<string, number>

/** Adds to one counter. */
export const addTo = (counts: Map<string, number>, path: string, by: number): void =>
  void counts.set(path, (counts.get(path) ?? 0) + by)

const storedCounts = ({ tasks = {}, held_back = {}, comments }: CounterFields): Counts => {
  const counts = new Map<string, number>(comments === undefined ? [] : [[COMMENTS_PATH, comments]])
  for (const [list, statuses] of Object.entries(tasks))
    for (const [status, priorities] of Object.entries(statuses))
      for (const [priority, count] of Object.entries(priorities ?? {}))
        counts.set(taskPath(list, status, priority), count ?? 0)
  for (const [list, count] of Object.entries(held_back)) counts.set(heldBackPath(list), count)
  return counts
}

/** What a counter document lacks: what was counted one by one, less what it has, less what is still to be added to it. */
export const missingCounts = (
  counted: Counts,
  counter: CounterFields,
  pending: readonly Increment[],
): Record<string, number> => {
  const missing = new Map(counted)
  for (const [path, count] of storedCounts(counter)) addTo(missing, path, -count)
  for (const { path, by } of pending) addTo(missing, path, -by)
  return Object.fromEntries([...missing].filter(([, by]) => by !== 0))
}
