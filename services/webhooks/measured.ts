// What is measured of calls: how many are pending, and the span of each in its trace.
import type { Clock } from '../../shared/process/clock.ts'
import { ageSeconds, MOST_COUNTED, type Sample } from '../../shared/process/metrics-table.ts'
import type { Tracing } from '../../shared/process/tracing.ts'
import type { PendingWork, Work } from '../../shared/storage/pending-work.ts'
import { SAMPLE_QUERY_MS } from '../../shared/storage/samples.ts'
import type { Delivery, Outcome } from './delivery-rules.ts'

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

/** The trace of the request that caused the event of a body. */
const traceparentIn = (body: string): string | undefined => {
  const { traceparent } = JSON.parse(body) as { traceparent?: unknown }
  return typeof traceparent === 'string' ? traceparent : undefined
}

/** Makes a call in a span of the trace that caused its event, if one did. The receiver is not named. */
export const tracedCall = async (
  tracing: Tracing,
  { type, body }: Pick<Delivery, 'type' | 'body'>,
  call: () => Promise<Outcome>,
): Promise<Outcome> => {
  const parent = tracing.on ? traceparentIn(body) : undefined
  if (parent === undefined) return await call()
  return await tracing.span({ name: `call ${type}`, kind: 'client', parent }, async (span) => {
    const outcome = await call()
    if ('fault' in outcome) span.fail(outcome.fault)
    else span.set({ 'http.response.status_code': outcome.status })
    return outcome
  })
}
