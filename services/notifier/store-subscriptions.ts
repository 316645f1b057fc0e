// Who wants the mails of which workspace. One document per person and workspace, made when a mail is first owed; all
// queries are by id, so there is no index to state.
import type { Db } from 'mongodb'
import type { Clock } from '../../shared/clock.ts'
import { isDuplicateKey } from '../../shared/mongo.ts'
import type { Recipient } from './notices.ts'

/** A person's wish, with what their unsubscribe page shows. */
export type Subscription = Readonly<{
  /** `<workspace id>:<user id>`. */
  _id: string
  ws: string
  v: number
  user_id: string
  subscribed: boolean
  email: string
  workspace_name: string
  updated_at: Date
}>

export type Subscriptions = Readonly<{
  find: (ws: string, user_id: string) => Promise<Subscription | null>
  /** Writes the wish over `before`; null when it has changed since. */
  save: (before: Subscription, subscribed: boolean) => Promise<Subscription | null>
  /** Sees to it that each member has one, with the address and workspace name of today; gives those who want no mails. */
  note: (ws: string, workspace_name: string, members: readonly Recipient[]) => Promise<ReadonlySet<string>>
}>

const idOf = (ws: string, user_id: string): string => `${ws}:${user_id}`

/** Opens the collection. */
export const openSubscriptions = (db: Db, { clock }: Readonly<{ clock: Clock }>): Subscriptions => {
  const subscriptions = db.collection<Subscription>('subscriptions')

  const insertMissing = async (missing: readonly Subscription[]): Promise<void> => {
    if (missing.length === 0) return
    try {
      await subscriptions.insertMany([...missing], { ordered: false })
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
    }
  }
  return {
    find: (ws, user_id) => subscriptions.findOne({ _id: idOf(ws, user_id) }),
    save: ({ _id, ws, v }, subscribed) =>
      subscriptions.findOneAndUpdate(
        { _id, ws, v },
        { $set: { subscribed, updated_at: clock.now() }, $inc: { v: 1 } },
        { returnDocument: 'after' },
      ),
    note: async (ws, workspace_name, members) => {
      const ids = members.map(({ user_id }) => idOf(ws, user_id))
      const found = await subscriptions.find({ _id: { $in: ids } }).toArray()
      const known = new Map(found.map((subscription) => [subscription.user_id, subscription]))
      const updated_at = clock.now()
      await insertMissing(
        members
          .filter(({ user_id }) => !known.has(user_id))
          .map(({ user_id, email }) => ({
            _id: idOf(ws, user_id),
            ws,
            v: 1,
            user_id,
            subscribed: true,
            email,
            workspace_name,
            updated_at,
          })),
      )
      const stale = members.flatMap(({ user_id, email }) => {
        const before = known.get(user_id)
        if (!before || (before.email === email && before.workspace_name === workspace_name)) return []
        const { _id, v } = before
        const update = { $set: { email, workspace_name, updated_at }, $inc: { v: 1 } }
        return [{ updateOne: { filter: { _id, ws, v }, update } }]
      })
      if (stale.length > 0) await subscriptions.bulkWrite(stale, { ordered: false })
      return new Set(found.filter(({ subscribed }) => !subscribed).map(({ user_id }) => user_id))
    },
  }
}
