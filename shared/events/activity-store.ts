// Who did what, in the database of the service whose events tell it: kept longer than the journal, and read without NATS.
import type { Db, Filter, IndexDescription } from 'mongodb'
import type { ActivityEntry, ActivityPage } from '../contracts/activity.ts'
import type { TaskStatus } from '../contracts/define/common.ts'
import { idFloor } from '../process/ids.ts'
import { openCollection } from '../storage/collection.ts'
import { insertMissing } from '../storage/mongo.ts'
import { visiblePage } from '../storage/visible-pages.ts'
import { type Activity, activityOf, isOf, type Subject } from './activity-rules.ts'
import type { Recorder } from './outbox.ts'

const DAY_MS = 24 * 60 * 60 * 1_000
/** The status of a finished task. */
const FINISHED = 'shipped' satisfies TaskStatus

/** What a page is asked for: of one task, loop, person, client or agent, of several of these, or of the workspace. */
export type ActivityAsked = Subject &
  Readonly<{
    ws: string
    since?: string | undefined
    /** Only what was done before this moment. */
    until?: string | undefined
    /** Only entries with a smaller id. */
    before?: string | undefined
    limit: number
  }>

/** That somebody finished a task. */
export type FinishedTask = Pick<Activity, 'task_id' | 'by' | 'agent'>

export type ActivityStore = Readonly<{
  /** Who finished which tasks since a moment, the last ones. */
  listFinished: (ws: string, since: Date, limit: number) => Promise<readonly FinishedTask[]>
  /** Keeps what events tell; those that are there stay as they are. */
  record: Recorder
  /**
   * A page, newest first.
   * @param show turns what was found into what the caller may see of it now, in the same order.
   */
  read: (
    asked: ActivityAsked,
    show: (found: readonly Activity[]) => Promise<readonly ActivityEntry[]>,
  ) => Promise<ActivityPage>
}>

/** The members of an entry that hold for every reader. */
export const entryOf = ({ _id: id, at, type, by, agent, task_id, changes }: Activity): ActivityEntry => ({
  id,
  at: at.toISOString(),
  type,
  by,
  ...(agent === undefined ? {} : { agent }),
  ...(task_id === undefined ? {} : { task_id }),
  ...(changes === undefined ? {} : { changes: [...changes] }),
})

/** The indexes of the activity, each for what a page is of. */
const INDEXES: readonly IndexDescription[] = [
  { key: { ws: 1, _id: -1 }, name: 'newest' },
  {
    key: { ws: 1, task_id: 1, _id: -1 },
    name: 'of_task',
    partialFilterExpression: { task_id: { $exists: true } },
  },
  { key: { ws: 1, loop_ids: 1, _id: -1 }, name: 'of_loop' },
  { key: { ws: 1, 'by.user_id': 1, _id: -1 }, name: 'of_person' },
  { key: { ws: 1, 'by.client': 1, _id: -1 }, name: 'of_client' },
  {
    key: { ws: 1, agent: 1, _id: -1 },
    name: 'of_agent',
    partialFilterExpression: { agent: { $exists: true } },
  },
  // What was finished: of the changes that are kept with their values, only the status can be this.
  {
    key: { ws: 1, 'changes.after': 1, _id: -1 },
    name: 'finished',
    partialFilterExpression: { 'changes.after': FINISHED },
  },
  { key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 },
]

/**
 * What a page is of, as part of a query, and the index for it. Of several, the one that has least; read() passes over what
 * is not of the others, so that it reads no more than visiblePage allows.
 */
const subjectOf = ({
  task_id,
  loop_id,
  user_id,
  client,
  agent,
}: Subject): Readonly<{ hint: string; filter: Filter<Activity> }> => {
  if (task_id !== undefined) return { hint: 'of_task', filter: { task_id } }
  if (agent !== undefined) return { hint: 'of_agent', filter: { agent } }
  if (loop_id !== undefined) return { hint: 'of_loop', filter: { loop_ids: loop_id } }
  if (user_id !== undefined) return { hint: 'of_person', filter: { 'by.user_id': user_id } }
  if (client !== undefined) return { hint: 'of_client', filter: { 'by.client': client } }
  return { hint: 'newest', filter: {} }
}

/** The ids of a page, as part of a query. */
const idsOf = ({ since, until }: ActivityAsked, before: string | undefined): Filter<Activity> => {
  const end = until === undefined ? undefined : idFloor(new Date(until))
  const below = end !== undefined && (before === undefined || end < before) ? end : before
  const ids = {
    ...(below === undefined ? {} : { $lt: below }),
    ...(since === undefined ? {} : { $gte: idFloor(new Date(since)) }),
  }
  return Object.keys(ids).length === 0 ? {} : { _id: ids }
}

/** Opens what a service keeps of who did what, and makes its indexes. */
export const openActivity = async (db: Db, kept_days: number): Promise<ActivityStore> => {
  const { collection } = await openCollection<Activity>(db, 'activity', { indexes: INDEXES })
  const find = (asked: ActivityAsked, before: string | undefined, limit: number) => {
    const { hint, filter } = subjectOf(asked)
    return collection
      .find({ ws: asked.ws, ...filter, ...idsOf(asked, before) })
      .sort({ _id: -1 })
      .limit(limit)
      .hint(hint)
      .toArray()
  }
  return {
    listFinished: (ws, since, limit) =>
      collection
        .find({ ws, _id: { $gte: idFloor(since) }, 'changes.after': FINISHED })
        .sort({ _id: -1 })
        .limit(limit)
        .hint('finished')
        .project<FinishedTask>({ _id: 0, task_id: 1, by: 1, agent: 1 })
        .toArray(),
    record: (published) =>
      insertMissing(
        collection,
        published.flatMap((one) => activityOf(one, kept_days * DAY_MS) ?? []),
      ),
    read: (asked, show) =>
      visiblePage(
        asked,
        (before, limit) => find(asked, before, limit),
        async (found) =>
          (await show(found.filter((one) => isOf(asked, one)))).map((entry) => ({ id: entry.id, entry })),
      ),
  }
}
