// Addresses that get no more mail, because a mail server said that they do not exist. All queries are by address, which is the
// id. An address stays here until somebody lifts it.
import type { Db } from 'mongodb'
import type { Clock } from '../../shared/process/clock.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import { isDuplicateKey } from '../../shared/storage/mongo.ts'

/** An address that is out of use. */
export type Suppression = Readonly<{
  /** The address in lower case, since mail servers in use ignore case. */
  _id: string
  v: number
  reason: string
  at: Date
}>

export type Suppressions = Readonly<{
  /** Which of the addresses are suppressed, by suppressionKey, each with what the server said. */
  among: (addresses: readonly string[]) => Promise<ReadonlyMap<string, Suppression>>
  /** Suppresses an address. One that is suppressed already stays as it is. */
  add: (address: string, reason: string) => Promise<void>
  /** Uses an address again. @returns whether it was suppressed. */
  lift: (address: string) => Promise<boolean>
}>

/** The id of an address's suppression. */
export const suppressionKey = (address: string): string => address.toLowerCase()

/** Opens the collection. */
export const openSuppressions = async (
  db: Db,
  { clock }: Readonly<{ clock: Clock }>,
): Promise<Suppressions> => {
  const { collection: suppressions } = await openCollection<Suppression>(db, 'suppressions', { indexes: [] })
  return {
    among: async (addresses) => {
      if (addresses.length === 0) return new Map()
      const found = await suppressions.find({ _id: { $in: addresses.map(suppressionKey) } }).toArray()
      return new Map(found.map((suppression) => [suppression._id, suppression]))
    },
    add: async (address, reason) => {
      try {
        await suppressions.insertOne({ _id: suppressionKey(address), v: 1, reason, at: clock.now() })
      } catch (error) {
        if (!isDuplicateKey(error)) throw error
      }
    },
    // No version in the filter: a suppression is never changed, only deleted.
    lift: async (address) =>
      (await suppressions.deleteOne({ _id: suppressionKey(address) })).deletedCount === 1,
  }
}
