// What is measured of calls that are pending. Apart, so that main.ts only wires.
import type { Clock } from '../../shared/process/clock.ts'
import { ageSeconds, MOST_COUNTED, type Sample } from '../../shared/process/metrics-table.ts'
import type { PendingWork, Work } from '../../shared/storage/pending-work.ts'
import { SAMPLE_QUERY_MS } from '../../shared/storage/samples.ts'

/** Reads how many calls of a kind are pending, and how old the oldest is. */
export const readPending = async (
  kind: 'webhook' | 'subscription',
  deliveries: Pick<PendingWork<Work>, 'backlog'>,
  clock: Pick<Clock, 'now'>,
): Promise<readonly Sample[]> => {
  const { count, oldest } = await deliveries.backlog(MOST_COUNTED, SAMPLE_QUERY_MS)
  return [
    { name: 'loops_webhook_pending', labels: { kind }, value: count },
    { name: 'loops_webhook_oldest_age_seconds', labels: { kind }, value: ageSeconds(oldest, clock.now()) },
  ]
}
