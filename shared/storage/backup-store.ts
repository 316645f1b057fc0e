// Reads the databases of all services as they were at one moment, while they are in use.
//
// Everything is read with the read concern `snapshot` at the cluster time of the first read: every later one, in whatever
// collection, sees the documents as they were then
// (https://www.mongodb.com/docs/manual/reference/read-concern-snapshot/). So a task is never copied without the counter
// that was changed with it. The other way, to copy what changes meanwhile and to replay the oplog, needs rights on the
// database `local` that an operator of Loops does not have, and on a sharded cluster one oplog of each shard. The price is
// a bound: the server keeps such a moment for `minSnapshotHistoryWindowInSeconds`, five minutes unless it is told more.
import { BSON, type Document, MongoError, type Timestamp } from 'mongodb'
import { AppError } from '../contracts/define/errors.ts'
import { lookInto } from './collection.ts'
import { type Mongo, mongoFault } from './mongo.ts'
import { collectionNames } from './restore-store.ts'

/** A collection that is copied. */
export type Copied = Readonly<{ service: string; name: string }>

/** The databases at one moment. */
export type DatabasesThen = Readonly<{
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

/** Documents in one answer of the server. Its bytes are bounded by the server (16 MB). */
const BATCH = 2_000
/** How often to begin anew when a service makes a collection or an index at the same moment. */
const TRIES = 5

/** The server's codes: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const SNAPSHOT_TOO_OLD = 239
const SNAPSHOT_UNAVAILABLE = 246
/** IllegalOperation, InvalidOptions, CommandNotSupported, NotAReplicaSet, ReadConcernMajorityNotEnabled, NotImplemented. */
const WITHOUT_SNAPSHOTS = [20, 72, 115, 123, 148, 238] as const

const codeOf = (error: unknown): unknown => (error instanceof MongoError ? error.code : undefined)

const noSnapshots = (cause?: unknown): AppError =>
  new AppError(
    'unavailable',
    'This MongoDB cannot be read as it was at one moment, since it is no replica set: stop Loops, then run the backup again with --stopped.',
    { cause },
  )

/** A fault of reading at one moment, as a sentence that says what to do. @returns any other fault as it is. */
const explained = (error: unknown): unknown => {
  const code = codeOf(error)
  if (code === SNAPSHOT_TOO_OLD)
    return new AppError(
      'unavailable',
      'MongoDB kept the moment of the backup for less time than the copy took: set its parameter minSnapshotHistoryWindowInSeconds higher (default 300), make the backup when less is changed, or stop Loops and use --stopped.',
      { cause: error },
    )
  if (typeof code === 'number' && WITHOUT_SNAPSHOTS.some((one) => one === code)) return noSnapshots(error)
  return mongoFault(error) ?? error
}

const listAll = async (mongo: Mongo, services: readonly string[]): Promise<Copied[]> => {
  const lists = await Promise.all(
    services.map(async (service) =>
      (await collectionNames(mongo.database(service))).map((name) => ({ service, name })),
    ),
  )
  return lists.flat()
}

/**
 * The command that reads a collection. A command of its own rather than a session: in a session for snapshots the driver
 * states the read concern in each `getMore` too, which the server may refuse.
 * @param at the cluster time; undefined: the collection as it is.
 */
const findIn = (name: string, at: Timestamp | undefined): Document => ({
  find: name,
  filter: {},
  batchSize: BATCH,
  ...(at === undefined ? {} : { readConcern: { level: 'snapshot', atClusterTime: at } }),
})

/** Reads everything at a cluster time, or as it is. */
const readingAt = (
  mongo: Mongo,
  collections: readonly Copied[],
  at: Timestamp | undefined,
): DatabasesThen => {
  const documents = async function* ({ service, name }: Copied): AsyncGenerator<Uint8Array> {
    try {
      const cursor = mongo.database(service).runCursorCommand(findIn(name, at), { raw: true })
      await using found = cursor.setBatchSize(BATCH)
      for await (const document of found) yield document as Uint8Array
    } catch (error) {
      throw explained(error)
    }
  }
  return {
    moment: at && new Date(at.getHighBitsUnsigned() * 1_000),
    collections,
    documents,
    indexes: async ({ service, name }) => {
      const all = await lookInto<Document>(mongo.database(service), name).collection.indexes()
      return all
        .filter((index) => index.name !== '_id_')
        .map(({ v: _, ns: __, ...stated }) => BSON.EJSON.serialize(stated) as object)
    },
    schemas: async (service) => {
      const found: Record<string, number> = {}
      for await (const document of documents({ service, name: 'schemas' })) {
        const { _id, schema } = BSON.deserialize(document)
        found[String(_id)] = Number(schema)
      }
      return found
    },
  }
}

/** Reads one document with the read concern `snapshot`. @returns the cluster time at which it was read. */
const glance = async (
  mongo: Mongo,
  { service, name }: Copied,
  at?: Timestamp,
): Promise<Timestamp | undefined> => {
  const readConcern = at === undefined ? { level: 'snapshot' } : { level: 'snapshot', atClusterTime: at }
  const first = { find: name, projection: { _id: 1 }, limit: 1, singleBatch: true, readConcern }
  const { cursor } = await mongo.database(service).command(first)
  return cursor.atClusterTime as Timestamp | undefined
}

/** Fixes the moment. @returns null if a collection was made meanwhile, or the moment cannot be read. */
const begin = async (mongo: Mongo, services: readonly string[]): Promise<DatabasesThen | null> => {
  const before = await listAll(mongo, services)
  const [first] = before
  if (!first) return readingAt(mongo, before, undefined)
  try {
    const at = await glance(mongo, first)
    if (at === undefined) throw noSnapshots()
    // A collection that is younger than the moment, or has a younger index, would stop the copy in its middle.
    for (const one of before) await glance(mongo, one, at)
    const after = await listAll(mongo, services)
    return JSON.stringify(after) === JSON.stringify(before) ? readingAt(mongo, before, at) : null
  } catch (error) {
    if (codeOf(error) === SNAPSHOT_UNAVAILABLE) return null
    throw explained(error)
  }
}

/**
 * Opens the databases of these services as they are now.
 * @throws AppError `unavailable` when they cannot be read at one moment.
 */
export const openDatabasesNow = async (mongo: Mongo, services: readonly string[]): Promise<DatabasesThen> => {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const databases = await begin(mongo, services)
    if (databases) return databases
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
): Promise<DatabasesThen> => readingAt(mongo, await listAll(mongo, services), undefined)
