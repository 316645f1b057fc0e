// The collections of workspaces and invitations. Both are aggregates: pending events are in their own documents.
//
// workspaces   _id = ws = the workspace. A deleted one stays as a tombstone, since nothing may ever be made of its id again.
// invitations  at most one of an address and a workspace is pending. Gone a month after it expires.
import type { Collection, Db, IndexDescription } from 'mongodb'
import {
  type AggregateDeps,
  type Aggregates,
  aggregates,
  OUTBOX_INDEX,
} from '../../../shared/storage/aggregate.ts'
import { openCollection } from '../../../shared/storage/collection.ts'
import type { AccessRules, Invitation, Workspace } from './workspace-rules.ts'

/** Workspaces, by id, that are closed to a member: to everybody, or to those without a second factor. */
export type Closed = Readonly<{ deleted: readonly string[]; requiring: readonly string[] }>

export type WorkspaceStore = Aggregates<Workspace> &
  Readonly<{
    /** The workspace, unless it was deleted. No other function but those that say so gives a deleted one. */
    find: (id: string) => Promise<Workspace | null>
    /** What is left of a deleted one. */
    findTombstone: (id: string) => Promise<Workspace | null>
    /** Those of these that were deleted, and those that require a second factor of their members. */
    closedAmong: (ids: readonly string[]) => Promise<Closed>
    /** What a workspace has set to bound those who work in it, also of a deleted one. */
    accessRules: (id: string) => Promise<AccessRules | null>
    /** The first one of the installation that was not deleted. */
    oldest: () => Promise<Workspace | null>
    /** Whether there is another one besides this. */
    hasOthers: (id: string) => Promise<boolean>
    /** The existing ones of these. */
    findAll: (ids: readonly string[]) => Promise<Workspace[]>
    /** Those with a member change that was decided before `before`, oldest first. */
    changing: (before: Date, limit: number) => Promise<Workspace[]>
    /** Deleted ones whose end has not begun, longest first. */
    ending: (limit: number) => Promise<Workspace[]>
    /** Notes that the end of a deleted one has begun. Repeats do no harm. */
    noteErasing: (id: string) => Promise<void>
    /** Forgets the name of a deleted one. */
    forgetName: (id: string) => Promise<void>
    /** Moves its version on, so that a change which was decided before is decided anew. */
    touch: (id: string) => Promise<void>
    /** Removes an applied change. Makes a new version, so that nobody writes it back. Repeats do no harm. */
    endChange: (id: string, changeId: string) => Promise<void>
  }>

export type InvitationStore = Aggregates<Invitation> &
  Readonly<{
    find: (id: string) => Promise<Invitation | null>
    /** The pending invitation of an address, expired or not. */
    findPending: (workspaceId: string, email: string) => Promise<Invitation | null>
    /** Pending invitations to an address by all workspaces, newest first. */
    pendingTo: (email: string, limit: number) => Promise<Invitation[]>
    /** Pending invitations of a workspace, newest first. */
    listPending: (workspaceId: string, limit: number) => Promise<Invitation[]>
    /** Removes those that a person sent, and those to their address. */
    removeOf: (userId: string, email: string) => Promise<void>
  }>

const WORKSPACE_INDEXES: readonly IndexDescription[] = [
  OUTBOX_INDEX,
  { key: { 'member_change.at': 1 }, name: 'changing', sparse: true },
  { key: { ending_since: 1 }, name: 'ending', sparse: true },
]
const INVITATION_INDEXES: readonly IndexDescription[] = [
  OUTBOX_INDEX,
  {
    key: { ws: 1, email: 1 },
    name: 'pending',
    unique: true,
    partialFilterExpression: { status: 'pending' },
  },
  { key: { ws: 1, status: 1, _id: -1 }, name: 'list' },
  { key: { email: 1, status: 1, _id: -1 }, name: 'of_address' },
  { key: { 'invited_by.user_id': 1 }, name: 'of_inviter' },
  { key: { purge_at: 1 }, name: 'purge', expireAfterSeconds: 0 },
]

const ACCESS_RULES = { _id: 0, claim_limits: 1, token_policy: 1, blocked_clients: 1, deleted: 1 }
/** What was not deleted. */
const THERE = { deleted: { $exists: false } } as const

/** What is read and written of deleted workspaces. */
const ofDeleted = (
  workspaces: Collection<Workspace>,
): Pick<WorkspaceStore, 'findTombstone' | 'closedAmong' | 'ending' | 'noteErasing' | 'forgetName'> => ({
  findTombstone: (id) => workspaces.findOne({ _id: id, ws: id, deleted: { $exists: true } }),
  closedAmong: async (ids) => {
    if (ids.length === 0) return { deleted: [], requiring: [] }
    const filter = {
      _id: { $in: [...ids] },
      $or: [{ deleted: { $exists: true } }, { require_second_factor: true as const }],
    }
    const projection = { _id: 1, deleted: 1 }
    const found = await workspaces.find(filter, { projection }).toArray()
    const idsOf = (isDeleted: boolean) =>
      found.filter(({ deleted }) => (deleted !== undefined) === isDeleted).map(({ _id }) => _id)
    return { deleted: idsOf(true), requiring: idsOf(false) }
  },
  ending: (limit) =>
    workspaces
      .find({ ending_since: { $exists: true } })
      .sort({ ending_since: 1 })
      .limit(limit)
      .toArray(),
  // Without the version: nobody else writes a deleted one.
  noteErasing: async (id) => {
    await workspaces.updateOne({ _id: id, deleted: { $exists: true } }, { $unset: { ending_since: '' } })
  },
  forgetName: async (id) => {
    await workspaces.updateOne({ _id: id, deleted: { $exists: true } }, { $set: { name: '' } })
  },
})

/** Opens the collections and makes their indexes. */
export const openWorkspaceStores = async (
  db: Db,
  deps: AggregateDeps,
): Promise<{ workspaces: WorkspaceStore; invitations: InvitationStore }> => {
  const openedWorkspaces = await openCollection<Workspace>(db, 'workspaces', { indexes: WORKSPACE_INDEXES })
  const openedInvitations = await openCollection<Invitation>(db, 'invitations', {
    indexes: INVITATION_INDEXES,
  })
  const workspaces = openedWorkspaces.collection
  const invitations = openedInvitations.collection
  return {
    workspaces: {
      ...aggregates(openedWorkspaces, deps),
      find: (id) => workspaces.findOne({ _id: id, ws: id, ...THERE }),
      ...ofDeleted(workspaces),
      oldest: () => workspaces.findOne(THERE, { sort: { _id: 1 } }),
      hasOthers: async (id) =>
        (await workspaces.findOne({ _id: { $ne: id }, ...THERE }, { projection: { _id: 1 } })) !== null,
      accessRules: (id) => workspaces.findOne<AccessRules>({ _id: id, ws: id }, { projection: ACCESS_RULES }),
      findAll: (ids) => workspaces.find({ _id: { $in: [...ids] }, ...THERE }).toArray(),
      changing: (before, limit) =>
        workspaces
          .find({ 'member_change.at': { $lte: before } })
          .sort({ 'member_change.at': 1 })
          .limit(limit)
          .toArray(),
      touch: async (id) => void (await workspaces.updateOne({ _id: id }, { $inc: { v: 1 } })),
      endChange: async (id, changeId) => {
        await workspaces.updateOne(
          { _id: id, 'member_change.id': changeId },
          { $unset: { member_change: '' }, $inc: { v: 1 } },
        )
      },
    },
    invitations: {
      ...aggregates(openedInvitations, deps),
      find: (id) => invitations.findOne({ _id: id }),
      findPending: (ws, email) => invitations.findOne({ ws, email, status: 'pending' }),
      pendingTo: (email, limit) =>
        invitations.find({ email, status: 'pending' }).sort({ _id: -1 }).limit(limit).toArray(),
      listPending: (ws, limit) =>
        invitations.find({ ws, status: 'pending' }).sort({ _id: -1 }).limit(limit).toArray(),
      removeOf: async (user_id, email) => {
        await invitations.deleteMany({ 'invited_by.user_id': user_id })
        await invitations.deleteMany({ email })
      },
    },
  }
}
