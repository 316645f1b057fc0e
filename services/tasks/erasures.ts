// What this service keeps of a workspace: what goes with it, and what stays and why. A test compares it with the database.
// Apart from the stores, so that a new collection is looked for in one place.
import { DEAD_LETTERS_OF, type Erasures, KEPT_EVERYWHERE, UNPUBLISHED } from '../../shared/storage/erasure.ts'

export const ERASURES: Erasures = {
  erased: [
    // Claims, questions, pending comments and answered requests are in the tasks and comments themselves.
    { name: 'tasks', waiting: UNPUBLISHED },
    { name: 'comments', waiting: UNPUBLISHED },
    { name: 'tallies' },
    { name: 'search' },
    { name: 'activity' },
    { name: 'requests' },
    DEAD_LETTERS_OF,
  ],
  kept: {
    ...KEPT_EVERYWHERE,
    recounts: 'says how far the check of all counters has come',
    search_backfills: 'says how far the search has come with old documents',
  },
}
