// How much of a sender each webhook gets: most what has answered well, little what fails or is not known yet, and never so
// much that nothing is left for others.
import { LRUCache } from 'lru-cache'
import type { Share } from '../../shared/storage/fair.ts'
import type { Webhook } from './webhook-rules.ts'

/** Calls under way in one process, in all. Most of them only wait for an answer. */
export const PARALLEL = 512
/** Of one workspace: more than all of its webhooks get that fail. */
const PER_WORKSPACE = 40
/** Of one webhook: when it answered well last time, and otherwise. */
const PER_WEBHOOK = 4
const ON_PROBATION = 1
/** Of all together that fail. */
const FAILING = 128
/** Webhooks that are remembered of either kind; of others it is found out again. */
const REMEMBERED = 1_000

export type Standing = Readonly<{
  shares: readonly Share[]
  /** Notes what is known of webhooks before they are called. */
  note: (webhooks: Iterable<Webhook>) => void
  /** Notes how a call ended. */
  prove: (id: string, isWell: boolean) => void
}>

/** Starts with nothing known. */
export const openStanding = (): Standing => {
  const proven = new LRUCache<string, true>({ max: REMEMBERED })
  const failing = new Set<string>()
  const prove = (id: string, isWell: boolean): void => {
    failing.delete(id)
    if (isWell) proven.set(id, true)
    else {
      proven.delete(id)
      failing.add(id)
      for (const oldest of failing) if (failing.size > REMEMBERED) failing.delete(oldest)
    }
  }
  return {
    shares: [
      { field: 'ws', most: () => PER_WORKSPACE },
      {
        field: 'webhook_id',
        most: (id) => (proven.has(id) ? PER_WEBHOOK : ON_PROBATION),
        pool: { values: failing, most: FAILING },
      },
    ],
    note: (webhooks) => {
      for (const { _id, failing_since, delivered_at } of webhooks)
        if (failing_since !== null) prove(_id, false)
        else if (delivered_at !== null) prove(_id, true)
    },
    prove,
  }
}
