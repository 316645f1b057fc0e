// The collection with the id of the installation.
//
// installation  one document, found by its key, so it needs no index: the id that the first gateway gave this database.
import type { Db } from 'mongodb'
import type { Ids } from '../../../shared/process/ids.ts'
import { openCollection } from '../../../shared/storage/collection.ts'
import { isDuplicateKey } from '../../../shared/storage/mongo.ts'

export type InstallationStore = Readonly<{
  /** The id of the installation, made by the gateway that asks first. */
  id: () => Promise<string>
}>

const ONLY = 'installation'

/** Opens the collection. */
export const openInstallationStore = async (db: Db, ids: Pick<Ids, 'next'>): Promise<InstallationStore> => {
  const { collection: installation } = await openCollection<{ _id: string; id: string }>(db, 'installation', {
    indexes: [],
  })
  const read = async (): Promise<string> => {
    const made = { $setOnInsert: { id: ids.next() } }
    const found = await installation.findOneAndUpdate({ _id: ONLY }, made, {
      upsert: true,
      returnDocument: 'after',
    })
    return found?.id ?? made.$setOnInsert.id
  }
  return {
    id: async () => {
      try {
        return await read()
      } catch (error) {
        // Another gateway made it at the same moment; now it is there.
        if (isDuplicateKey(error)) return read()
        throw error
      }
    },
  }
}
