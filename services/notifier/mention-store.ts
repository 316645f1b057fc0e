// How many mails about mentions each person has got lately, in MongoDB. All queries are by id; old quotas expire.
import type { Db } from 'mongodb'
import { openCollection } from '../../shared/storage/collection.ts'
import { insertMissing } from '../../shared/storage/mongo.ts'
import type { Quota } from './mention-rules.ts'

export type MentionQuotas = Readonly<{
  /** The stored quota with the id of this one, which is stored if there is none. */
  findOrMake: (made: Quota) => Promise<Quota>
  /** Replaces the mails of `before`. @returns false when it has changed since. */
  save: (before: Quota, mails: Quota['mails']) => Promise<boolean>
}>

/** Opens the collection. */
export const openMentionQuotas = async (db: Db): Promise<MentionQuotas> => {
  const { collection: quotas } = await openCollection<Quota>(db, 'mention_quotas', {
    indexes: [{ key: { expires_at: 1 }, name: 'expiry', expireAfterSeconds: 0 }],
  })
  return {
    findOrMake: async (made) => {
      const found = await quotas.findOne({ _id: made._id, ws: made.ws })
      if (found) return found
      await insertMissing(quotas, [made])
      return (await quotas.findOne({ _id: made._id, ws: made.ws })) ?? made
    },
    save: async ({ _id, ws, v }, mails) =>
      (await quotas.updateOne({ _id, ws, v }, { $set: { mails }, $inc: { v: 1 } })).matchedCount === 1,
  }
}
