// Addresses that no mail goes to any more, because a mail server said that nobody is there. All queries are by address,
// which is the id. Kept until somebody who knows better lifts it.
import type { Db } from 'mongodb'
import type { Clock } from '../../shared/process/clock.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import { isDuplicateKey } from '../../shared/storage/mongo.ts'

/** An address that is out of use. */
export type Suppression = Readonly<{
  /** The address in lower case: no server in use tells letters' cases apart, and a second try would only annoy one. */
  _id: string
  v: number
  reason: string
  at: Date
}>

export type Suppressions = Readonly<{
  /** The suppressed ones among the addresses, each with what the server said. */
  among: (addresses: readonly string[]) => Promise<ReadonlyMap<string, Suppression>>
  /** Suppresses an address; one that is suppressed stays as it is. */
  add: (address: string, reason: string) => Promise<void>
  /** Uses an address again; whether it was suppressed. */
  lift: (address: string) => Promise<boolean>
}>

/** An address as suppressions know it. */
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
    // No version guard: a suppression never changes, it only goes.
    lift: async (address) =>
      (await suppressions.deleteOne({ _id: suppressionKey(address) })).deletedCount === 1,
  }
}
