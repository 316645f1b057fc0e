// What this service keeps of a workspace: what goes with it, and what stays and why. A test compares it with the database.
// Apart from the stores, so that a new collection is looked for in one place.
import { DEAD_LETTERS_OF, type Erasures, KEPT_EVERYWHERE, UNPUBLISHED } from '../../shared/storage/erasure.ts'

export const ERASURES: Erasures = {
  erased: [
    // First, with their secrets: without them no call is made.
    { name: 'webhooks', waiting: UNPUBLISHED },
    { name: 'subscriptions' },
    { name: 'deliveries' },
    { name: 'event_deliveries' },
    DEAD_LETTERS_OF,
  ],
  kept: KEPT_EVERYWHERE,
}
