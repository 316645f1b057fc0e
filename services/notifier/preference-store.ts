// Who wants which mails of which workspace, in MongoDB. One document for each person and workspace, made with their first
// mail or stated preference. All queries are by id, so no index is needed.
import type { Db } from 'mongodb'
import type { MailChoice } from '../../shared/contracts/notifier/shapes.ts'
import type { Clock } from '../../shared/process/clock.ts'
import { BY_ID, type Ref, these } from '../../shared/storage/by-workspace.ts'
import { type Opened, openCollection, type Upgrade } from '../../shared/storage/collection.ts'
import { insertMissing } from '../../shared/storage/mongo.ts'
import type { Recipient } from './notice-rules.ts'
import { EVERYTHING, type MutedLoop, type Preference } from './preference-rules.ts'

/** A person's preference, with what their page shows. */
export type Subscription = Readonly<{
  /** `<workspace id>:<user id>`. */
  _id: string
  ws: string
  v: number
  user_id: string
  wants: MailChoice
  muted: readonly MutedLoop[]
  mentions?: boolean | undefined
  /** As of the last mail; empty before the first. */
  email: string
  workspace_name: string
  updated_at: Date
  /** The number of its shape as stored. @see openCollection */
  schema?: number | undefined
}>

type Member = Readonly<{ ws: string; user_id: string | null }>

export type Subscriptions = Readonly<{
  find: (ws: string, user_id: string) => Promise<Subscription | null>
  /** The subscription of a person; a new one wants everything. */
  findOrMake: (ws: string, user_id: string) => Promise<Subscription>
  /** Removes that of a person. */
  remove: (ws: string, user_id: string) => Promise<void>
  /** Replaces the preference of `before`. @returns null when it has changed since. */
  save: (before: Subscription, preference: Preference) => Promise<Subscription | null>
  /** The preferences of those who have one, by subscriptionId. */
  of: (members: readonly Member[]) => Promise<ReadonlyMap<string, Preference>>
  /** Gives each member a subscription with the current address and workspace name. @returns their preferences, as `of` does. */
  note: (
    ws: string,
    workspace_name: string,
    members: readonly Recipient[],
  ) => Promise<ReadonlyMap<string, Preference>>
}>

/** The id of a person's subscription to a workspace. */
export const subscriptionId = (ws: string, user_id: string): string => `${ws}:${user_id}`

/** The changes of its shape so far. */
export const UPGRADES: readonly Upgrade[] = [
  // Before there were three choices, a person was either subscribed or not.
  ({ subscribed, ...rest }) => ({ wants: subscribed === false ? 'none' : 'all', muted: [], ...rest }),
]

/** A person's subscription, by name. */
const refOf = (ws: string, user_id: string): Ref => ({ _id: subscriptionId(ws, user_id), ws })

type Stored = Opened<Subscription>

const findAll = async ({ collection, read }: Stored, refs: readonly Ref[]): Promise<Subscription[]> => {
  if (refs.length === 0) return []
  const found = await collection.find(these(refs)).hint(BY_ID).toArray()
  return found.map((one) => read(one))
}

const byId = (found: readonly Subscription[]) => new Map(found.map((one) => [one._id, one]))

/** Replaces the stored address and workspace name with the current ones. */
const refresh = async (
  { collection }: Stored,
  known: ReadonlyMap<string, Subscription>,
  {
    ws,
    workspace_name,
    members,
    now,
  }: Readonly<{
    ws: string
    workspace_name: string
    members: readonly Recipient[]
    now: Date
  }>,
): Promise<void> => {
  const stale = members.flatMap(({ user_id, email }) => {
    const before = known.get(subscriptionId(ws, user_id))
    if (!before || (before.email === email && before.workspace_name === workspace_name)) return []
    const { _id, v } = before
    const update = { $set: { email, workspace_name, updated_at: now }, $inc: { v: 1 } }
    return [{ updateOne: { filter: { _id, ws, v }, update } }]
  })
  if (stale.length > 0) await collection.bulkWrite(stale, { ordered: false })
}

/** Opens the collection. */
export const openSubscriptions = async (
  db: Db,
  { clock }: Readonly<{ clock: Clock }>,
): Promise<Subscriptions> => {
  const opened = await openCollection<Subscription>(db, 'subscriptions', { indexes: [], upgrades: UPGRADES })
  const { collection: subscriptions, schema, read } = opened

  const newSubscription = (ws: string, user_id: string, email = '', workspace_name = ''): Subscription => ({
    _id: subscriptionId(ws, user_id),
    ws,
    v: 1,
    user_id,
    ...EVERYTHING,
    email,
    workspace_name,
    updated_at: clock.now(),
    schema,
  })
  const find = async (ws: string, user_id: string): Promise<Subscription | null> => {
    const found = await subscriptions.findOne(refOf(ws, user_id))
    return found && read(found)
  }

  return {
    find,
    remove: async (ws, user_id) => void (await subscriptions.deleteOne(refOf(ws, user_id))),
    findOrMake: async (ws, user_id) => {
      const found = await find(ws, user_id)
      if (found) return found
      const made = newSubscription(ws, user_id)
      await insertMissing(subscriptions, [made])
      return (await find(ws, user_id)) ?? made
    },
    save: async ({ _id, ws, v }, { wants, muted, mentions }) => {
      const saved = await subscriptions.findOneAndUpdate(
        { _id, ws, v },
        { $set: { wants, muted, mentions, updated_at: clock.now(), schema }, $inc: { v: 1 } },
        { returnDocument: 'after' },
      )
      return saved && read(saved)
    },
    of: async (members) => {
      const refs = members.flatMap(({ ws, user_id }) => (user_id === null ? [] : refOf(ws, user_id)))
      return byId(await findAll(opened, refs))
    },
    note: async (ws, workspace_name, members) => {
      const refs = members.map(({ user_id }) => refOf(ws, user_id))
      const known = byId(await findAll(opened, refs))
      const missing = members.filter(({ user_id }) => !known.has(subscriptionId(ws, user_id)))
      await insertMissing(
        subscriptions,
        missing.map(({ user_id, email }) => newSubscription(ws, user_id, email, workspace_name)),
      )
      await refresh(opened, known, { ws, workspace_name, members, now: clock.now() })
      return known
    },
  }
}
