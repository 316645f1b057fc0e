// How many calls under way each webhook or subscription may have: more when it answers well, few while it fails or is unknown, and never so
// many that nothing is left for others.
import { LRUCache } from 'lru-cache'
import type { Share } from '../../shared/storage/fair.ts'

/** Most calls under way in a process. Most of them only wait for an answer. */
export const PARALLEL = 512
/** Most for one workspace. */
const PER_WORKSPACE = 40
/** Most for one webhook: when its last call succeeded, and otherwise. */
const PER_WEBHOOK = 4
const ON_PROBATION = 1
/** Most for all failing webhooks together. */
const FAILING = 128
/** Webhooks remembered of either kind. Others are unknown again. */
const REMEMBERED = 1_000

export type Standing = Readonly<{
  shares: readonly Share[]
  /** Notes what stored webhooks or subscriptions say about themselves. */
  note: (
    called: Iterable<Readonly<{ _id: string; failing_since: Date | null; delivered_at: Date | null }>>,
  ) => void
  /** Notes how a call ended. */
  prove: (id: string, isWell: boolean) => void
}>

/**
 * Starts with none known.
 * @param field the member of a delivery that says what it is a call to.
 */
export const openStanding = (field: 'webhook_id' | 'subscription_id'): Standing => {
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
        field,
        most: (id) => (proven.has(id) ? PER_WEBHOOK : ON_PROBATION),
        pool: { values: failing, most: FAILING },
      },
    ],
    note: (called) => {
      for (const { _id, failing_since, delivered_at } of called)
        if (failing_since !== null) prove(_id, false)
        else if (delivered_at !== null) prove(_id, true)
    },
    prove,
  }
}
