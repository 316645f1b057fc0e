// Claims in MongoDB: who holds which tasks, which claims have ended, and renewals.
import type { Collection, Filter, IndexDescription } from 'mongodb'
import type { Ref } from '../../shared/storage/by-workspace.ts'
import type { LeaseFields, Leases } from '../../shared/storage/lease.ts'
import type { Claim, ClaimEnd, Holder } from './claim-rules.ts'
import type { TaskDoc } from './task-store.ts'
import { PUBLIC } from './visibility-rules.ts'

/** Where a task keeps the lease of its claim. */
export const CLAIM_LEASE: LeaseFields = { until: 'claim.until', claim: 'claim.id', fence: 'claim.fence' }

/** The indexes of claims. A task without a claim is in none of them. */
export const CLAIM_INDEXES: readonly IndexDescription[] = [
  // What a connection, or a person in the browser, holds.
  {
    key: { ws: 1, 'claim.holder.actor.user_id': 1, 'claim.holder.grant_id': 1 },
    name: 'held',
    partialFilterExpression: { 'claim.id': { $exists: true } },
  },
  // Claims in loops, by who sees them.
  {
    key: { ws: 1, acl: 1, loop_id: 1 },
    name: 'claimed',
    partialFilterExpression: { 'claim.id': { $exists: true } },
  },
  // Claims by when they end.
  {
    key: { 'claim.until': 1 },
    name: 'claimed_until',
    partialFilterExpression: { 'claim.until': { $type: 'date' } },
  },
  // One claim per idempotency key and number.
  {
    key: { ws: 1, 'claim_request.key': 1 },
    name: 'claim_request',
    unique: true,
    partialFilterExpression: { 'claim_request.key': { $exists: true } },
  },
  // Tasks with comments that do not stand among the others yet.
  {
    key: { 'pending_comments.at': 1 },
    name: 'pending_comments',
    partialFilterExpression: { 'pending_comments.at': { $exists: true } },
  },
]

/** Claims in loops that are counted; no counter knows them. */
const MAX_CLAIMED = 1_000

/** Lets the index be searched, which has only claims that end; without it, all of them would be read. */
const ENDS: Filter<TaskDoc> = { $and: [{ 'claim.until': { $type: 'date' } }] }

/** A renewal of one claim. */
export type Renewal = Readonly<{ id: string; ws: string; claim_id: string }>

/** Queries about claims of somebody who may not work any more. */
export const leftClaimQueries = (collection: Collection<TaskDoc>) => ({
  /**
   * Tasks that a person holds through whatever connection, in the order of their ids.
   * @param until only claims that began before this, the database's time.
   */
  listHeldBy: (
    ws: string,
    user_id: string,
    until: Date,
    after: string,
    limit: number,
  ): Promise<Pick<TaskDoc, '_id'>[]> =>
    collection
      .find({
        ws,
        _id: { $gt: after },
        'claim.holder.actor.user_id': user_id,
        'claim.id': { $exists: true },
        'claim.since': { $lt: until },
        status: 'in_progress',
      })
      .hint('held')
      .sort({ _id: 1 })
      .limit(limit)
      .project<Pick<TaskDoc, '_id'>>({ _id: 1 })
      .toArray(),
})

/** Queries about claims. */
export const claimQueries = (collection: Collection<TaskDoc>, leases: Leases) => ({
  /**
   * Tasks that somebody holds, oldest claim first: by all agents of the connection, or by the one with the label.
   * @param bounded only claims that count against a bound.
   */
  listHeld: (
    ws: string,
    { actor, grant_id, agent }: Holder,
    limit: number,
    { bounded = false }: Readonly<{ bounded?: boolean }> = {},
  ): Promise<TaskDoc[]> => {
    const held: Filter<TaskDoc> = {
      ws,
      'claim.holder.actor.user_id': actor.user_id,
      'claim.holder.grant_id': grant_id,
      'claim.id': { $exists: true },
      status: 'in_progress',
      ...(agent === null ? {} : { 'claim.holder.agent': agent }),
      ...(bounded ? { 'claim.bounded': true } : {}),
    }
    return collection.find(held).hint('held').sort({ 'claim.since': 1, _id: 1 }).limit(limit).toArray()
  },

  /**
   * How many tasks in loops somebody holds; it stops at MAX_CLAIMED.
   * @param privateLoops the private loops that count; null: all of them.
   */
  countClaimed: (ws: string, privateLoops: readonly string[] | null): Promise<number> =>
    collection.countDocuments(
      {
        ws,
        ...(privateLoops === null ? {} : { acl: { $in: [PUBLIC, ...privateLoops] } }),
        loop_id: { $type: 'string' },
        'claim.id': { $exists: true },
        status: 'in_progress',
      },
      { hint: 'claimed', limit: MAX_CLAIMED },
    ),

  /** Tasks claimed by the requests with these keys, whether they are still held or not. */
  listClaimedBy: (ws: string, keys: readonly string[]): Promise<TaskDoc[]> =>
    collection.find({ ws, 'claim_request.key': { $in: [...keys] } }).toArray(),

  /** Some of the tasks whose claim has ended at `now`, the database's time. */
  listExpired: (now: Date, limit: number): Promise<Pick<TaskDoc, '_id' | 'ws'>[]> =>
    collection
      .find({ ...(leases.claimable(now) as Filter<TaskDoc>), ...ENDS })
      .hint('claimed_until')
      .limit(limit)
      .project<Pick<TaskDoc, '_id' | 'ws'>>({ ws: 1 })
      .toArray(),

  /** What is so of a task while its claim has ended: a renewal that came first wins. */
  isExpired: (now: Date): Filter<TaskDoc> => leases.claimable(now) as Filter<TaskDoc>,
})

/** Writes about claims that leave the version of a task alone, since no reader sees them. */
export const claimWrites = (collection: Collection<TaskDoc>, leases: Leases) => ({
  /** Takes off a claim that its task has outlived, as a replica of an earlier release leaves it: no reader sees it. */
  dropClaim: async ({ _id, ws }: Ref, { id: claim_id }: Claim): Promise<void> => {
    await collection.updateOne(
      { _id, ws, 'claim.id': claim_id, status: { $ne: 'in_progress' } },
      { $unset: { claim: '' } },
    )
  },

  /**
   * Renews claims for a term from now; none is ever shortened, and no version changes.
   * @returns the ids of the tasks that were still held under these claims.
   */
  renew: async (claims: readonly Renewal[], term_ms: number): Promise<ReadonlySet<string>> => {
    const held = claims.map(({ id, ws, claim_id }) => ({ _id: id, ws, claim: claim_id }))
    return (await leases.renew(held, { term_ms, noted_at: 'claim.renewed_at' })).ids
  },

  /** Ends the claims of a loop that has shipped: one write, whose repeats do nothing more. */
  endClaimsOfLoop: async (ws: string, loop_id: string): Promise<void> => {
    const why: ClaimEnd = 'loop_shipped'
    const claim = { id: '$claim.id', holder: '$claim.holder', progress: '$claim.progress' }
    await collection.updateMany(
      { ws, loop_id, status: 'in_progress', 'claim.id': { $exists: true } },
      [{ $set: { ended_claim: { ...claim, why, at: '$$NOW' } } }, { $unset: 'claim' }],
      { hint: 'work' },
    )
  },

  /** Notes what the holder of a claim says of its work. */
  noteProgress: async ({ id, ws, claim_id }: Renewal, progress: string): Promise<void> => {
    await collection.updateOne(
      { _id: id, ws, 'claim.id': claim_id },
      { $set: { 'claim.progress': progress } },
    )
  },
})

/** Queries about comments that wait in their tasks. */
export const pendingCommentQueries = (collection: Collection<TaskDoc>) => ({
  /** Tasks with pending comments from before a moment. */
  listCommented: (before: Date, limit: number): Promise<TaskDoc[]> =>
    collection
      .find({ 'pending_comments.at': { $lte: before } })
      .hint('pending_comments')
      .limit(limit)
      .toArray(),

  /** Takes comments off their task that stand among the others now. */
  confirmComments: async ({ _id, ws }: Ref, comment_ids: readonly string[]): Promise<void> => {
    await collection.updateOne(
      { _id, ws },
      { $pull: { pending_comments: { id: { $in: [...comment_ids] } } } },
    )
  },
})
