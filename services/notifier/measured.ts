// What is measured of mails that are pending. Apart, so that main.ts only wires.
import type { Clock } from '../../shared/process/clock.ts'
import { ageSeconds, MOST_COUNTED, type Sample } from '../../shared/process/metrics-table.ts'
import { SAMPLE_QUERY_MS } from '../../shared/storage/samples.ts'
import type { Deliveries } from './delivery-store.ts'

/** Reads how many mails are pending, and how old the oldest is. */
export const readPending = async (
  deliveries: Pick<Deliveries, 'backlog'>,
  clock: Pick<Clock, 'now'>,
): Promise<readonly Sample[]> => {
  const { count, oldest } = await deliveries.backlog(MOST_COUNTED, SAMPLE_QUERY_MS)
  return [
    { name: 'loops_mail_pending', labels: {}, value: count },
    { name: 'loops_mail_oldest_age_seconds', labels: {}, value: ageSeconds(oldest, clock.now()) },
  ]
}
