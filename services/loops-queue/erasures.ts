// What this service keeps of a workspace: what goes with it, and what stays and why. A test compares it with the database.
// Apart from the stores, so that a new collection is looked for in one place.
import { DEAD_LETTERS_OF, type Erasures, KEPT_EVERYWHERE, UNPUBLISHED } from '../../shared/storage/erasure.ts'

export const ERASURES: Erasures = {
  erased: [
    { name: 'queues', waiting: UNPUBLISHED },
    { name: 'loops', waiting: UNPUBLISHED },
    { name: 'shipped_counts' },
    { name: 'search' },
    { name: 'activity' },
    { name: 'requests' },
    DEAD_LETTERS_OF,
  ],
  kept: {
    ...KEPT_EVERYWHERE,
    handled_events: 'ids of events that were handled; they expire',
    search_backfills: 'says how far the search has come with old documents',
  },
}
