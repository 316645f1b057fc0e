// What is measured of tasks: how many are ready, how many are held, and how claims begin and end.
import type { Clock } from '../../shared/process/clock.ts'
import type { Metrics } from '../../shared/process/metrics.ts'
import { ageSeconds, MOST_COUNTED, type Sample } from '../../shared/process/metrics-table.ts'
import { momentOf } from '../../shared/process/ulid-rules.ts'
import { SAMPLE_QUERY_MS } from '../../shared/storage/samples.ts'
import type { ClaimChange } from './claim-rules.ts'
import type { TaskStore } from './task-store.ts'

/** Reads how many tasks are ready and how many are held, in all workspaces. */
export const readTotals = async (
  tasks: Pick<TaskStore, 'countReady' | 'countClaims'>,
  clock: Pick<Clock, 'now'>,
): Promise<readonly Sample[]> => {
  const { count, first } = await tasks.countReady(MOST_COUNTED, SAMPLE_QUERY_MS)
  const since = first === undefined ? undefined : momentOf(first)
  const claims = await tasks.countClaims(MOST_COUNTED, SAMPLE_QUERY_MS)
  return [
    { name: 'loops_ready_tasks', labels: {}, value: count },
    { name: 'loops_ready_tasks_oldest_age_seconds', labels: {}, value: ageSeconds(since, clock.now()) },
    { name: 'loops_claims', labels: {}, value: claims },
  ]
}

/** Makes the function that counts how claims begin and end. */
export const countingClaims =
  (metrics: Pick<Metrics, 'count'>) =>
  ({ begun, ended }: ClaimChange): void => {
    if (begun) metrics.count('loops_claims_begun_total', {})
    if (ended !== undefined) metrics.count('loops_claims_ended_total', { reason: ended })
  }
