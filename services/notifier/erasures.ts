// What this service keeps of a workspace: what goes with it, and what stays and why. A test compares it with the database.
import {
  DEAD_LETTERS_OF,
  type ErasedCollection,
  type Erasures,
  KEPT_EVERYWHERE,
} from '../../shared/storage/erasure.ts'
import { ACCOUNT_TEMPLATES } from './notice-rules.ts'

/**
 * Ids that begin with the workspace's, which finds them by their index. Those of a person's preference and quota do.
 * `;` is the character after `:`.
 */
const byId = (name: string): ErasedCollection => ({
  name,
  of: (ws) => ({ ws, _id: { $gte: `${ws}:`, $lt: `${ws};` } }),
})

export const ERASURES: Erasures = {
  erased: [
    // Mails about somebody's account are theirs, though they were requested when they belonged to the workspace.
    { name: 'deliveries', waiting: { template: { $in: ACCOUNT_TEMPLATES }, due_at: { $exists: true } } },
    { name: 'notices', waiting: { template: { $in: ACCOUNT_TEMPLATES } } },
    byId('subscriptions'),
    byId('mention_quotas'),
    DEAD_LETTERS_OF,
  ],
  kept: {
    ...KEPT_EVERYWHERE,
    suppressions: 'addresses that no mail server accepts, whatever workspace they were in',
    dev_mails: 'mails that were sent, in the mailbox of a development installation',
  },
}
