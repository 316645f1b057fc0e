// When the holder of a claim is told that it ends soon. Pure.
import type { PlainEvent } from '../../shared/contracts/define/contract.ts'
import { liveClaim } from './claim-rules.ts'
import { eventData, type Versioned } from './task-rules.ts'

/** How long before its end (ms): time enough for an agent that has to be woken first. */
const WARNING_MS = 5 * 60_000
/** The largest part of a term: a renewal before that would write nothing. */
const PART = 3

/** The claims that end soon, for whose present end nothing was published, as a query. */
export const isExpiring = (now: Date) => ({
  // With the type, or the index of these moments would be read from end to end.
  'claim.until': { $gt: now, $lte: new Date(now.getTime() + WARNING_MS), $type: 'date' },
  $expr: {
    $and: [
      { $ne: ['$warned_until', '$claim.until'] },
      { $lte: [{ $subtract: ['$claim.until', now] }, { $divide: ['$claim.term_ms', PART] }] },
    ],
  },
})

/** The event of a claim that ends soon; undefined for one that has ended or does not end by itself. */
export const warnedEvent = (task: Versioned): PlainEvent | undefined => {
  const claim = liveClaim(task)
  if (!claim?.until) return undefined
  return {
    name: 'task.claim_warned',
    data: {
      ...eventData(task, task.v, claim.holder.actor),
      agent: claim.holder.agent,
      expires_at: claim.until.toISOString(),
    },
  }
}
