// What is read of tasks whose events are delivered, and what is written when a claim is about to end.
import type { Collection, Filter } from 'mongodb'
import type { PlainEvent } from '../../shared/contracts/define/contract.ts'
import type { Aggregates, Because } from '../../shared/storage/aggregate.ts'
import { isExpiring } from './claim-warning-rules.ts'
import type { TaskDoc } from './task-store.ts'

const SEEN = {
  title: 1,
  status: 1,
  priority: 1,
  labels: 1,
  loop_id: 1,
  acl: 1,
  open_blockers: 1,
  move: 1,
  'claim.holder': 1,
  'claim.until': 1,
} as const

/** A task as its events are delivered by. */
export type SeenDoc = Pick<
  TaskDoc,
  '_id' | 'title' | 'status' | 'priority' | 'labels' | 'loop_id' | 'acl' | 'open_blockers' | 'move' | 'claim'
>

/** Queries and writes for the delivery of events. */
export const seenQueries = (collection: Collection<TaskDoc>, publish: Aggregates<TaskDoc>['publish']) => ({
  /** Those of these tasks that exist, whoever sees them. */
  findSeen: (ws: string, ids: readonly string[]): Promise<SeenDoc[]> =>
    collection
      .find({ _id: { $in: [...ids] }, ws, deleted_at: { $exists: false } })
      .project<SeenDoc>(SEEN)
      .toArray(),

  /** Some of the tasks whose claim ends soon, for which that was not published yet. */
  listExpiring: (now: Date, limit: number): Promise<TaskDoc[]> =>
    collection
      .find(isExpiring(now) as Filter<TaskDoc>)
      .hint('claimed_until')
      .limit(limit)
      .toArray(),

  /** Publishes that a claim ends soon; false when it was renewed or has ended, or when that is published already. */
  warn: async (before: TaskDoc, event: PlainEvent, because: Because): Promise<boolean> => {
    const { claim } = before
    if (!claim?.until) return false
    const where: Filter<TaskDoc> = {
      'claim.id': claim.id,
      'claim.until': claim.until,
      warned_until: { $ne: claim.until },
    }
    return (await publish(before, { warned_until: claim.until }, [event], because, where)) !== null
  },
})
