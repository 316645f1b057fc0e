// The connection to MongoDB, its indexes, and its faults as AppErrors.
import { isDeepStrictEqual } from 'node:util'
import {
  type Collection,
  type ConnectionCheckedInEvent,
  type ConnectionCheckedOutEvent,
  type Db,
  type Document,
  type IndexDescription,
  type IndexDescriptionInfo,
  MongoBulkWriteError,
  MongoClient,
  MongoError,
  type OptionalUnlessRequiredId,
} from 'mongodb'
import { AppError } from '../contracts/define/errors.ts'
import type { Clock } from '../process/clock.ts'
import type { Log } from '../process/log.ts'
import type { Metrics } from '../process/metrics.ts'

/**
 * How long to wait for the database (ms): for a primary, a pooled connection, a new connection, and bytes on a silent one.
 * Any two of them together are shorter than a lease. Callers give up earlier, by the deadline of their request; these end
 * work that nobody waits for any more.
 */
const SELECTION_TIMEOUT_MS = 5_000
const QUEUE_TIMEOUT_MS = 5_000
const CONNECT_TIMEOUT_MS = 10_000
const SILENCE_TIMEOUT_MS = 20_000

export type Mongo = AsyncDisposable & {
  /** The database of one service: no service reads another's. */
  readonly database: (service: string) => Db
  /** Whether a primary answers now. */
  readonly ping: () => Promise<boolean>
}

const logs = new WeakMap<MongoClient, Log>()

/** The log of a database's connection; undefined for a connection that `connectMongo` did not make. */
export const logOf = (db: Db): Log | undefined => logs.get(db.client)

/** Where the durations of commands go, and under which name. */
type Measured = Readonly<{ metrics: Metrics; service: string; clock: Pick<Clock, 'monotonicMs'> }>

/**
 * Has it measured how long commands take: how long each holds a connection of the pool. Monitoring the commands themselves would
 * have the driver read every answer twice.
 */
const measureCommands = (client: MongoClient, { metrics, service, clock }: Measured): void => {
  /** Since when each connection is held (ms). A pool bounds them. */
  const held = new Map<string, number>()
  const key = ({ address, connectionId }: ConnectionCheckedOutEvent | ConnectionCheckedInEvent): string =>
    `${address} ${connectionId}`
  client.on('connectionCheckedOut', (event) => void held.set(key(event), clock.monotonicMs()))
  client.on('connectionCheckedIn', (event) => {
    const since_ms = held.get(key(event))
    held.delete(key(event))
    if (since_ms === undefined) return
    const seconds = (clock.monotonicMs() - since_ms) / 1_000
    metrics.observe('loops_mongodb_command_duration_seconds', { service }, seconds)
  })
}

/**
 * Connects. A majority acknowledges each write, and reads see only such writes, so what was answered survives the loss of a
 * server (https://www.mongodb.com/docs/manual/reference/write-concern/).
 * @param measured where the durations of commands go, and under which name.
 * @throws AppError `unavailable` when no primary answers in time.
 */
export const connectMongo = async (url: string, log: Log, measured?: Measured): Promise<Mongo> => {
  const client = new MongoClient(url, {
    appName: 'loops',
    writeConcern: { w: 'majority' },
    readConcern: { level: 'majority' },
    readPreference: 'primary',
    ignoreUndefined: true,
    maxPoolSize: 50,
    serverSelectionTimeoutMS: SELECTION_TIMEOUT_MS,
    waitQueueTimeoutMS: QUEUE_TIMEOUT_MS,
    socketTimeoutMS: SILENCE_TIMEOUT_MS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
  })
  if (measured?.metrics.on) measureCommands(client, measured)
  logs.set(client, log)
  // The driver says `test` where the URL names no database.
  const named = client.db().databaseName
  const prefix = named === 'test' ? 'loops' : named
  try {
    await client.connect()
    await client.db('admin').command({ ping: 1 })
  } catch (error) {
    await client.close()
    throw new AppError(
      'unavailable',
      'MongoDB does not answer; check MONGODB_URL and that it is a replica set with a primary.',
      { cause: error },
    )
  }
  log.info('connected to MongoDB', { prefix })
  return {
    database: (service) => client.db(`${prefix}_${service.replaceAll('-', '_')}`),
    ping: async () => {
      try {
        await client.db('admin').command({ ping: 1, maxTimeMS: 1_000 })
        return true
      } catch {
        return false
      }
    },
    [Symbol.asyncDispose]: async () => {
      await client.close()
    },
  }
}

/** How long a start waits for indexes that only make queries fast (ms); longer builds go on in the background. */
const BUILD_PATIENCE_MS = 5_000

/** The server's error codes: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const NAMESPACE_NOT_FOUND = 26
const INDEX_NOT_FOUND = 27
const INDEX_OPTIONS_CONFLICT = 85
const INDEX_KEY_SPECS_CONFLICT = 86
const INDEX_BUILD_ABORTED = 276

const hasCode = (error: unknown, ...codes: readonly number[]): boolean =>
  error instanceof MongoError && codes.some((code) => error.code === code)

/** How often to try to make an index: replicas that start at the same moment may drop each other's. */
const MAX_BUILDS = 5

const dropIndex = async <T extends Document>(collection: Collection<T>, name: string): Promise<void> => {
  try {
    await collection.dropIndex(name)
  } catch (error) {
    // Another replica was first.
    if (!hasCode(error, INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND)) throw error
  }
}

/** Whether an existing index is in the way of a new one: it has the same name or key, and differs otherwise. */
const blocks = (there: IndexDescriptionInfo, index: IndexDescription): boolean => {
  // The server adds these two.
  const { v: _, ns: __, ...stated } = there
  const isNamesake = there.name === index.name || isDeepStrictEqual(there.key, index.key)
  // An equal one has just been made by another replica.
  return isNamesake && !isDeepStrictEqual(stated, index)
}

/** Makes one index, in place of any that is in its way. */
const makeIndex = async <T extends Document>(
  collection: Collection<T>,
  index: IndexDescription,
): Promise<void> => {
  for (let builds = 1; ; builds += 1)
    try {
      await collection.createIndexes([index])
      return
    } catch (error) {
      const conflicts = hasCode(error, INDEX_OPTIONS_CONFLICT, INDEX_KEY_SPECS_CONFLICT)
      if (builds === MAX_BUILDS || !(conflicts || hasCode(error, INDEX_BUILD_ABORTED))) throw error
      if (!conflicts) continue
      for (const there of await collection.indexes())
        if (there.name && blocks(there, index)) await dropIndex(collection, there.name)
    }
}

const makeIndexes = async <T extends Document>(
  collection: Collection<T>,
  indexes: readonly IndexDescription[],
): Promise<void> => {
  if (indexes.length === 0) return
  try {
    await collection.createIndexes([...indexes])
  } catch (error) {
    if (!hasCode(error, INDEX_OPTIONS_CONFLICT, INDEX_KEY_SPECS_CONFLICT, INDEX_BUILD_ABORTED)) throw error
    for (const index of indexes) await makeIndex(collection, index)
  }
}

export type IndexOptions = Readonly<{
  /** Hears when a build goes on in the background, and when it fails there. */
  log?: Log | undefined
  /** Names of indexes to drop. */
  retired?: readonly string[] | undefined
  patience_ms?: number
}>

/**
 * Makes the indexes of a collection, and makes those anew that differ from what is stated.
 *
 * It waits for unique indexes, because correctness rests on them. It waits some seconds for the others, whose builds then go
 * on in the background. So a query may name an index by `hint` only if an earlier release made it, or if the collection is as
 * new as the index. Retired indexes are dropped last: they may serve queries until their successors are built.
 */
export const ensureIndexes = async <T extends Document>(
  collection: Collection<T>,
  indexes: readonly IndexDescription[],
  { log, retired = [], patience_ms = BUILD_PATIENCE_MS }: IndexOptions = {},
): Promise<void> => {
  await makeIndexes(
    collection,
    indexes.filter(({ unique }) => unique),
  )
  const others = indexes.filter(({ unique }) => !unique)
  const building = makeIndexes(collection, others).then(async () => {
    for (const name of retired) await dropIndex(collection, name)
  })
  const timer = Promise.withResolvers<'late'>()
  const timeout = setTimeout(() => timer.resolve('late'), patience_ms)
  const first = await Promise.race([building, timer.promise]).finally(() => clearTimeout(timeout))
  if (first !== 'late') return
  const named = { collection: collection.collectionName }
  log?.info('indexes are being built; the service goes on meanwhile', named)
  building.catch((error: unknown) =>
    log?.error('indexes could not be built; the next start tries again', { ...named, error }),
  )
}

/** The server's code: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const DUPLICATE_KEY = 11_000

/** Whether an insert failed because a document has the same unique key. */
export const isDuplicateKey = (error: unknown): boolean =>
  error instanceof MongoError && error.code === DUPLICATE_KEY

/** Whether an insert succeeded; false when one of its unique keys exists already. */
export const inserted = async (insert: Promise<unknown>): Promise<boolean> => {
  try {
    await insert
    return true
  } catch (error) {
    if (isDuplicateKey(error)) return false
    throw error
  }
}

/** The places of the writes of a batch that failed because a document has the same unique key. @throws any other failure */
export const duplicatesIn = (error: unknown): ReadonlySet<number> => {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error
  const faults = [error.writeErrors].flat()
  if (faults.length === 0 || faults.some(({ code }) => code !== DUPLICATE_KEY)) throw error
  return new Set(faults.map(({ index }) => index))
}

/** Inserts documents in one write. @returns of each whether it was; false: one of its unique keys exists already. */
export const insertEach = async <T extends Document>(
  collection: Collection<T>,
  documents: readonly OptionalUnlessRequiredId<T>[],
): Promise<boolean[]> => {
  if (documents.length === 0) return []
  try {
    await collection.insertMany([...documents], { ordered: false })
    return documents.map(() => true)
  } catch (error) {
    const taken = duplicatesIn(error)
    return documents.map((_, n) => !taken.has(n))
  }
}

/** Inserts the documents that are not there yet, by their unique keys; so a repeat changes nothing. */
export const insertMissing = async <T extends Document>(
  collection: Collection<T>,
  documents: readonly OptionalUnlessRequiredId<T>[],
): Promise<void> => {
  await insertEach(collection, documents)
}

const OUT_OF_REACH =
  /^Mongo(Network|NetworkTimeout|ServerSelection|NotConnected|TopologyClosed|ClientClosed|WaitQueueTimeout|OperationTimeout|PoolCleared|PoolClosed|WriteConcern)Error$/

/** The runtime's codes for a connection that the other side closed; the driver passes them on as they are. */
const HUNG_UP: ReadonlySet<unknown> = new Set(['EPIPE', 'ECONNRESET'])

/**
 * The server's codes while it starts, stops or hands over: a read that meets them has no label
 * (https://github.com/mongodb/specifications/blob/master/source/server-discovery-and-monitoring/server-discovery-and-monitoring.md#not-writable-primary-and-node-is-recovering).
 */
const CHANGING_STATE = [91, 189, 10_107, 11_600, 11_602, 13_435, 13_436] as const

const isOutOfReach = (error: unknown): boolean =>
  error instanceof MongoError
    ? OUT_OF_REACH.test(error.name) ||
      error.hasErrorLabel('RetryableWriteError') ||
      hasCode(error, ...CHANGING_STATE)
    : error instanceof Error && 'code' in error && HUNG_UP.has(error.code)

/** An error of an unreachable database as an AppError (`unavailable`); undefined for any other error. */
export const mongoFault = (error: unknown): AppError | undefined =>
  isOutOfReach(error)
    ? new AppError(
        'unavailable',
        'The database cannot answer now, so the change may not have been made. Try again.',
        {
          retry_after_ms: 1_000,
          cause: error,
        },
      )
    : undefined

/**
 * A fault as the error that whoever asked is to hear.
 * @throws the fault itself when it is neither an AppError nor that of an unreachable database.
 */
export const refusalOf = (fault: unknown): AppError => {
  const error = fault instanceof AppError ? fault : mongoFault(fault)
  if (!error) throw fault
  return error
}
