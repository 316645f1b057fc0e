// Lists of tasks in MongoDB, newest first: the indexes and queries of list_tasks.
import type { Collection, IndexDescription } from 'mongodb'
import {
  PRIORITIES,
  type Priority,
  TASK_STATUSES,
  type TaskStatus,
} from '../../shared/contracts/define/common.ts'
import { inParallel, partsOf } from '../../shared/process/parallel.ts'
import { labelledAs } from './label-rules.ts'
import type { RowDoc, TaskDoc } from './task-store.ts'
import type { List } from './visibility-rules.ts'

/** The indexes of lists, each with what it is for. */
export const LIST_INDEXES: readonly IndexDescription[] = [
  // Lists, newest first.
  { key: { ws: 1, shelves: 1, _id: -1 }, name: 'newest' },
  // Lists of one status, one priority, or both, newest first.
  { key: { ws: 1, shelves: 1, status: 1, priority: 1, _id: -1 }, name: 'filtered' },
  // Lists of one label, newest first. An index takes one list of values, so the label stands together with the list.
  {
    key: { ws: 1, labelled: 1, status: 1, priority: 1, _id: -1 },
    name: 'labelled',
    partialFilterExpression: { labelled: { $exists: true } },
  },
]

/** The fields of a row of a list. */
export const ROW = {
  ws: 1,
  v: 1,
  title: 1,
  status: 1,
  priority: 1,
  due_date: 1,
  labels: 1,
  loop_id: 1,
  rank: 1,
  author: 1,
  approved_by: 1,
  question_id: 1,
  'claim.holder': 1,
  'claim.since': 1,
  'claim.until': 1,
  open_blockers: 1,
  created_at: 1,
  updated_at: 1,
} as const

/**
 * MongoDB reads several points of an index in order by merging one scan of each, up to 200 scans. With more it would sort
 * in memory, so such a list is read in parts.
 */
const MAX_SCANS = 150
/** Parts of a list, or of a query about many loops, that are read at once. */
export const PARALLEL = 4
/** Tasks with a label that are counted; no counter knows labels. */
export const MAX_LABELLED = 1_000

/** What a list of tasks can be narrowed to. */
export type ListFilter = Readonly<{
  status?: TaskStatus | undefined
  priority?: Priority | undefined
  label?: string | undefined
}>

/** The orders of a list, by id. */
const NEWEST_FIRST = -1
const OLDEST_FIRST = 1
/** From where a list is read, and in which order; without an id, from its beginning. */
type Place = Readonly<{ order: typeof NEWEST_FIRST | typeof OLDEST_FIRST; from: string | undefined }>

/** How many points of an index one list has, and which index that is. */
const scansOf = ({ status, priority, label }: ListFilter) => {
  const filtered = status !== undefined || priority !== undefined || label !== undefined
  const points = (status ? 1 : TASK_STATUSES.length) * (priority ? 1 : PRIORITIES.length)
  return {
    hint: label === undefined ? (filtered ? 'filtered' : 'newest') : 'labelled',
    points: filtered ? points : 1,
  }
}

/** The tasks of some lists that match a filter, as part of a query: points, not ranges, so that an index gives the order. */
const matching = (lists: readonly List[], filter: ListFilter) => {
  const { status, priority, label } = filter
  return {
    ...(label === undefined
      ? { shelves: { $in: [...lists] } }
      : { labelled: { $in: lists.map((list) => labelledAs(list, label)) } }),
    ...(scansOf(filter).hint === 'newest'
      ? {}
      : { status: status ?? { $in: [...TASK_STATUSES] }, priority: priority ?? { $in: [...PRIORITIES] } }),
  }
}

/** Reads lists that have no task in common, from a place on. */
const listingFrom = (collection: Collection<TaskDoc>) => {
  const listPart = (
    ws: string,
    lists: readonly List[],
    filter: ListFilter,
    { order, from }: Place,
    limit: number,
  ): Promise<RowDoc[]> =>
    collection
      .find({
        ws,
        ...matching(lists, filter),
        ...(from === undefined ? {} : { _id: order === NEWEST_FIRST ? { $lt: from } : { $gt: from } }),
      })
      .sort({ _id: order })
      .limit(limit)
      .hint(scansOf(filter).hint)
      .project<RowDoc>(ROW)
      .toArray()
  return async (
    ws: string,
    lists: readonly List[],
    filter: ListFilter,
    place: Place,
    limit: number,
  ): Promise<RowDoc[]> => {
    const size = Math.floor(MAX_SCANS / scansOf(filter).points)
    const found = await inParallel(partsOf(lists, size), PARALLEL, (part) =>
      listPart(ws, part, filter, place, limit),
    )
    if (found.length === 1) return found[0] ?? []
    return found
      .flat()
      .sort((a, b) => (a._id < b._id ? -place.order : place.order))
      .slice(0, limit)
  }
}

/** Lists of tasks, newest first. */
export const taskLists = (collection: Collection<TaskDoc>) => {
  const listFrom = listingFrom(collection)
  return {
    /** Tasks of these lists, which have none in common, older than the id `before`, newest first. */
    list: (
      ws: string,
      lists: readonly List[],
      filter: ListFilter,
      before: string | undefined,
      limit: number,
    ): Promise<RowDoc[]> => listFrom(ws, lists, filter, { order: NEWEST_FIRST, from: before }, limit),

    /** The tasks of these lists just before and just behind an id, newest first; the id need not be on one of them. */
    findNeighbours: async (
      ws: string,
      lists: readonly List[],
      filter: ListFilter,
      from: string,
    ): Promise<Readonly<{ previous: RowDoc | undefined; next: RowDoc | undefined }>> => {
      const [newer, older] = await Promise.all(
        ([OLDEST_FIRST, NEWEST_FIRST] as const).map((order) =>
          listFrom(ws, lists, filter, { order, from }, 1),
        ),
      )
      return { previous: newer?.[0], next: older?.[0] }
    },

    /** How many tasks of these lists have a label; it stops at MAX_LABELLED. */
    countLabelled: (ws: string, lists: readonly List[], filter: ListFilter): Promise<number> =>
      collection.countDocuments(
        { ws, ...matching(lists, filter) },
        { hint: scansOf(filter).hint, limit: MAX_LABELLED },
      ),
  }
}
