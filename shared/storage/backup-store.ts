// Reads the databases of all services as they were at one moment, while they are in use.
//
// One session reads everything with the read concern `snapshot`: its first read fixes the moment, and every later one, in
// whatever collection, sees the documents as they were then
// (https://www.mongodb.com/docs/manual/reference/read-concern-snapshot/). So a task is never copied without the counter
// that was changed with it. The other way, to copy what changes meanwhile and to replay the oplog, needs rights on the
// database `local` that an operator of Loops does not have, and on a sharded cluster one oplog of each shard. The price is
// a bound: the server keeps such a moment for `minSnapshotHistoryWindowInSeconds`, five minutes unless it is told more.
import {
  BSON,
  type ClientSession,
  type Collection,
  type CollectionOptions,
  type Document,
  MongoError,
} from 'mongodb'
import { AppError } from '../contracts/define/errors.ts'
import { lookInto } from './collection.ts'
import type { Mongo } from './mongo.ts'
import { collectionNames } from './restore-store.ts'

/** A collection that is copied. */
export type Copied = Readonly<{ service: string; name: string }>

/** The databases at one moment. Disposing ends the session. */
export type DatabasesThen = AsyncDisposable &
  Readonly<{
    /** The moment (whole seconds); undefined where there is none, because each collection is read as it is. */
    moment: Date | undefined
    collections: readonly Copied[]
    /** The documents of a collection in BSON, one by one. */
    documents: (copied: Copied) => AsyncIterable<Uint8Array>
    /** Its indexes but for that of `_id`, as Extended JSON. */
    indexes: (copied: Copied) => Promise<readonly object[]>
    /** The shape of each collection of a service that is not in its first one. */
    schemas: (service: string) => Promise<Readonly<Record<string, number>>>
  }>

/** Bytes in one answer of the server are bounded by it (16 MB); documents by this. */
const BATCH = 2_000
/** How often to begin anew when a service makes a collection or an index at the same moment. */
const TRIES = 5

/** The server's codes: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const SNAPSHOT_TOO_OLD = 239
const SNAPSHOT_UNAVAILABLE = 246
/** IllegalOperation, InvalidOptions, CommandNotSupported, NotAReplicaSet, ReadConcernMajorityNotEnabled, NotImplemented. */
const WITHOUT_SNAPSHOTS = [20, 72, 115, 123, 148, 238] as const

const codeOf = (error: unknown): unknown => (error instanceof MongoError ? error.code : undefined)

/** A fault of reading at one moment, as a sentence that says what to do. @returns any other fault as it is. */
const explained = (error: unknown): unknown => {
  const code = codeOf(error)
  if (code === SNAPSHOT_TOO_OLD)
    return new AppError(
      'unavailable',
      'MongoDB kept the moment of the backup for less time than the copy took: set its parameter minSnapshotHistoryWindowInSeconds higher (default 300), make the backup when less is changed, or stop Loops and use --stopped.',
      { cause: error },
    )
  if (typeof code === 'number' && WITHOUT_SNAPSHOTS.some((one) => one === code))
    return new AppError(
      'unavailable',
      'This MongoDB cannot be read as it was at one moment, since it is no replica set: stop Loops, then run the backup again with --stopped.',
      { cause: error },
    )
  return error
}

const listAll = async (mongo: Mongo, services: readonly string[]): Promise<Copied[]> => {
  const lists = await Promise.all(
    services.map(async (service) =>
      (await collectionNames(mongo.database(service))).map((name) => ({ service, name })),
    ),
  )
  return lists.flat()
}

/** A session with what the driver keeps in it. */
type Snapshot = ClientSession & Readonly<{ snapshotTime?: { getHighBitsUnsigned: () => number } }>

const momentOf = ({ snapshotTime }: Snapshot): Date | undefined =>
  snapshotTime && new Date(snapshotTime.getHighBitsUnsigned() * 1_000)

/** How everything is read: at one moment, in a session; or as it is. */
type Reading = Readonly<{ session?: ClientSession; options?: CollectionOptions }>
const AT_ONE_MOMENT: CollectionOptions = { readConcern: { level: 'snapshot' } }

const collectionOf = (mongo: Mongo, { service, name }: Copied, { options }: Reading): Collection<Document> =>
  lookInto<Document>(mongo.database(service), name, {}, options).collection

const readingOf = (
  mongo: Mongo,
  collections: readonly Copied[],
  reading: Reading,
): Omit<DatabasesThen, 'moment' | keyof AsyncDisposable> => {
  const { session } = reading
  return {
    collections,
    documents: async function* (copied) {
      try {
        const found = collectionOf(mongo, copied, reading).find({}, { session, raw: true, batchSize: BATCH })
        for await (const document of found) yield document as unknown as Uint8Array
      } catch (error) {
        throw explained(error)
      }
    },
    indexes: async (copied) => {
      const all = await collectionOf(mongo, copied, {}).indexes()
      return all
        .filter(({ name }) => name !== '_id_')
        .map(({ v: _, ns: __, ...stated }) => BSON.EJSON.serialize(stated) as object)
    },
    schemas: async (service) => {
      const marks = collectionOf(mongo, { service, name: 'schemas' }, reading)
      const found = await marks.find({}, { session }).toArray()
      return Object.fromEntries(found.map(({ _id, schema }) => [String(_id), Number(schema)]))
    },
  }
}

/** Fixes the moment. @returns null if a collection was made meanwhile, or the moment cannot be read. */
const begin = async (
  mongo: Mongo,
  services: readonly string[],
  session: Snapshot,
): Promise<readonly Copied[] | null> => {
  const before = await listAll(mongo, services)
  const [first] = before
  if (!first) return before
  const reading = { session, options: AT_ONE_MOMENT }
  try {
    await collectionOf(mongo, first, reading).findOne({}, { session, projection: { _id: 1 } })
    // One that the moment cannot see yet, for its collection or an index is younger, would stop the copy in its middle.
    for (const one of before)
      await collectionOf(mongo, one, reading).findOne({}, { session, projection: { _id: 1 } })
  } catch (error) {
    if (codeOf(error) === SNAPSHOT_UNAVAILABLE) return null
    throw explained(error)
  }
  const after = await listAll(mongo, services)
  return JSON.stringify(after) === JSON.stringify(before) ? before : null
}

/**
 * Opens the databases of these services as they are now.
 * @throws AppError `unavailable` when the database cannot be read at one moment.
 */
export const openDatabasesNow = async (mongo: Mongo, services: readonly string[]): Promise<DatabasesThen> => {
  const { client } = mongo.database(services[0] ?? '')
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const session: Snapshot = client.startSession({ snapshot: true })
    const collections = await begin(mongo, services, session).catch(async (error: unknown) => {
      await session.endSession()
      throw error
    })
    if (collections)
      return {
        ...readingOf(mongo, collections, { session, options: AT_ONE_MOMENT }),
        moment: momentOf(session),
        [Symbol.asyncDispose]: () => session.endSession(),
      }
    await session.endSession()
  }
  throw new AppError(
    'unavailable',
    'Collections or indexes are being made, as while a new release starts: make the backup once all services run.',
  )
}

/** Opens the databases of services that are stopped: each collection is read as it is, without one moment for all. */
export const openDatabasesAtRest = async (
  mongo: Mongo,
  services: readonly string[],
): Promise<DatabasesThen> => ({
  ...readingOf(mongo, await listAll(mongo, services), {}),
  moment: undefined,
  [Symbol.asyncDispose]: async () => undefined,
})
