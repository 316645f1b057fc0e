// What a restore writes into the database of each service: the documents of a backup, and how far it is.
//
// While a database says `loading`, no service starts on it. The epoch tells readers of events that the installation was
// restored, since versions after the backup's moment are given a second time.
import { BSON, type Collection, type Db, type Document, type IndexDescription } from 'mongodb'
import { AppError } from '../contracts/define/errors.ts'
import { lookInto } from './collection.ts'

/** The collection that says from which backup a database was restored. It is in no backup. */
export const RESTORES = 'restores'

/** How far the restore of a database is. */
export type Restore = Readonly<{
  state: 'loading' | 'done'
  /** The id of the backup. */
  backup: string
  /** ISO 8601, UTC: the moment of the restore, later than that of any restore before it. */
  epoch: string
}>

type RestoreDoc = Restore & Readonly<{ _id: string }>
const ID = 'restore'

const restoresIn = (db: Db): Collection<RestoreDoc> => lookInto<RestoreDoc>(db, RESTORES).collection

/** From which backup a database was restored; undefined: from none. */
export const readRestore = async (db: Db): Promise<Restore | undefined> =>
  (await restoresIn(db).findOne({ _id: ID })) ?? undefined

/** Records how far the restore of a database is. */
export const writeRestore = async (db: Db, { state, backup, epoch }: Restore): Promise<void> => {
  await restoresIn(db).replaceOne({ _id: ID }, { state, backup, epoch }, { upsert: true })
}

/**
 * The epoch of a database: the moment at which it was restored; undefined if it never was.
 * @throws AppError `unavailable` while a restore is not finished.
 */
export const readEpoch = async (db: Db): Promise<string | undefined> => {
  const restore = await readRestore(db)
  if (restore?.state === 'loading')
    throw new AppError('unavailable', 'A restore into this database was not finished: run it again.', {
      hint: 'npm run restore -- DIR',
    })
  return restore?.epoch
}

const isOwn = (name: string): boolean => name !== RESTORES && !name.startsWith('system.')

/** The names of the collections in a database, but for that of restores. */
export const collectionNames = async (db: Db): Promise<readonly string[]> => {
  const all = await db.listCollections({}, { nameOnly: true }).toArray()
  return all
    .filter(({ type }) => type !== 'view')
    .map(({ name }) => name)
    .filter(isOwn)
    .toSorted()
}

/** Drops every collection that a restore has begun to fill. Call it only where `readRestore` says `loading`. */
export const dropLoaded = async (db: Db): Promise<void> => {
  for (const name of await collectionNames(db)) await db.dropCollection(name)
}

/** How much is inserted in one command. MongoDB takes 48 MB and 100,000 documents. */
const BATCH_DOCUMENTS = 1_000
const BATCH_BYTES = 8e6

/** Numbers keep their types: an integer that was stored as a double would else become one of 32 bits. */
const EXACT = { promoteValues: false, promoteBuffers: false, bsonRegExp: true } as const

/**
 * Inserts documents into a collection that has none.
 * @param documents in BSON, one by one.
 * @param on hears after each batch how many documents and bytes of BSON it had.
 * @returns how many there were.
 */
export const loadDocuments = async (
  db: Db,
  name: string,
  documents: AsyncIterable<Uint8Array>,
  on: (documents: number, bytes: number) => void,
): Promise<number> => {
  const { collection } = lookInto<Document>(db, name)
  let [batch, bytes, total]: [Document[], number, number] = [[], 0, 0]
  const insert = async (): Promise<void> => {
    if (batch.length === 0) return
    await collection.insertMany(batch, { ordered: false })
    total += batch.length
    on(batch.length, bytes)
    batch = []
    bytes = 0
  }
  for await (const document of documents) {
    batch.push(BSON.deserialize(document, EXACT))
    bytes += document.length
    if (batch.length >= BATCH_DOCUMENTS || bytes >= BATCH_BYTES) await insert()
  }
  await insert()
  return total
}

/**
 * Makes the indexes that a collection had. The services would make them too, but wait only for the unique ones, and some of
 * their queries name an index that is to be there.
 * @param indexes as Extended JSON.
 */
export const loadIndexes = async (db: Db, name: string, indexes: readonly object[]): Promise<void> => {
  const { collection } = lookInto<Document>(db, name)
  if (indexes.length > 0)
    await collection.createIndexes(indexes.map((one) => BSON.EJSON.deserialize(one) as IndexDescription))
}
