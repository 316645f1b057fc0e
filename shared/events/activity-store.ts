// Who did what, in the database of the service whose events tell it: kept longer than the journal, and read without NATS.
import type { Db, Filter } from 'mongodb'
import type { ActivityEntry, ActivityPage } from '../contracts/activity.ts'
import { idFloor } from '../process/ids.ts'
import { openCollection } from '../storage/collection.ts'
import { insertMissing } from '../storage/mongo.ts'
import { visiblePage } from '../storage/visible-pages.ts'
import { type Activity, activityOf } from './activity-rules.ts'
import type { Recorder } from './outbox.ts'

const DAY_MS = 24 * 60 * 60 * 1_000

/** What a page is asked for: of one task, of one loop or of the workspace. */
export type ActivityAsked = Readonly<{
  ws: string
  task_id?: string | undefined
  loop_id?: string | undefined
  since?: string | undefined
  /** Only entries with a smaller id. */
  before?: string | undefined
  limit: number
}>

export type ActivityStore = Readonly<{
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

/** Opens what a service keeps of who did what, and makes its indexes. */
export const openActivity = async (db: Db, kept_days: number): Promise<ActivityStore> => {
  const { collection } = await openCollection<Activity>(db, 'activity', {
    indexes: [
      { key: { ws: 1, _id: -1 }, name: 'newest' },
      {
        key: { ws: 1, task_id: 1, _id: -1 },
        name: 'of_task',
        partialFilterExpression: { task_id: { $exists: true } },
      },
      { key: { ws: 1, loop_ids: 1, _id: -1 }, name: 'of_loop' },
      { key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 },
    ],
  })
  const find = (
    { ws, task_id, loop_id, since }: ActivityAsked,
    before: string | undefined,
    limit: number,
  ) => {
    const ids = {
      ...(before === undefined ? {} : { $lt: before }),
      ...(since === undefined ? {} : { $gte: idFloor(new Date(since)) }),
    }
    const filter: Filter<Activity> = {
      ws,
      ...(task_id === undefined ? {} : { task_id }),
      ...(loop_id === undefined ? {} : { loop_ids: loop_id }),
      ...(Object.keys(ids).length === 0 ? {} : { _id: ids }),
    }
    const hint = task_id === undefined ? (loop_id === undefined ? 'newest' : 'of_loop') : 'of_task'
    return collection.find(filter).sort({ _id: -1 }).limit(limit).hint(hint).toArray()
  }
  return {
    record: (published) =>
      insertMissing(
        collection,
        published.flatMap((one) => activityOf(one, kept_days * DAY_MS) ?? []),
      ),
    read: (asked, show) =>
      visiblePage(
        asked,
        (before, limit) => find(asked, before, limit),
        async (found) => (await show(found)).map((entry) => ({ id: entry.id, entry })),
      ),
  }
}
