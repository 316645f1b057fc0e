// The connection to MongoDB, with the settings that the promises rest on, and its faults in our words.
import {
  type Collection,
  type Db,
  type Document,
  type IndexDescription,
  MongoClient,
  MongoError,
  type OptionalUnlessRequiredId,
} from 'mongodb'
import { AppError } from './errors.ts'
import type { Log } from './log.ts'

/**
 * Bounds on waiting for the database (ms): for a primary, for a pooled connection, and for bytes on a silent one.
 * The caller's patience is bounded by the bus; these end the work that nobody waits for any more.
 */
const SELECTION_TIMEOUT_MS = 5_000
const QUEUE_TIMEOUT_MS = 5_000
const SILENCE_TIMEOUT_MS = 20_000

export type Mongo = AsyncDisposable & {
  /** The database of one service: no service reads another's. */
  readonly database: (service: string) => Db
  /** Whether a primary answers now. */
  readonly ping: () => Promise<boolean>
}

/**
 * Connects. Writes are acknowledged by a majority and reads see only such writes, so that what was answered survives
 * the loss of a server (https://www.mongodb.com/docs/manual/reference/write-concern/).
 * @throws AppError `unavailable` when no primary answers in time.
 */
export const connectMongo = async (url: string, log: Log): Promise<Mongo> => {
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
  })
  // The driver answers `test` where the URL names no database.
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

/** Makes the stated indexes of a collection; those that exist are left alone. */
export const ensureIndexes = async <T extends Document>(
  collection: Collection<T>,
  indexes: readonly IndexDescription[],
): Promise<void> => {
  if (indexes.length > 0) await collection.createIndexes([...indexes])
}

/** Whether an insert met a document with the same unique key. */
export const isDuplicateKey = (error: unknown): boolean =>
  error instanceof MongoError && error.code === 11_000

/** Inserts documents; those whose unique key is taken stay as they are, so that a repeat changes nothing. */
export const insertMissing = async <T extends Document>(
  collection: Collection<T>,
  documents: readonly OptionalUnlessRequiredId<T>[],
): Promise<void> => {
  if (documents.length === 0) return
  try {
    await collection.insertMany([...documents], { ordered: false })
  } catch (error) {
    if (!isDuplicateKey(error)) throw error
  }
}

const OUT_OF_REACH =
  /^Mongo(Network|NetworkTimeout|ServerSelection|NotConnected|TopologyClosed|ClientClosed|WaitQueueTimeout|OperationTimeout|PoolCleared|PoolClosed|WriteConcern)Error$/

/** What the runtime says of a connection that the other side has closed; the driver passes it on as it is. */
const HUNG_UP: ReadonlySet<unknown> = new Set(['EPIPE', 'ECONNRESET'])

const isOutOfReach = (error: unknown): boolean =>
  error instanceof MongoError
    ? OUT_OF_REACH.test(error.name) || error.hasErrorLabel('RetryableWriteError')
    : error instanceof Error && 'code' in error && HUNG_UP.has(error.code)

/** A fault of the database as one of ours (`unavailable`), or undefined for any other error. */
export const mongoFault = (error: unknown): AppError | undefined =>
  isOutOfReach(error)
    ? new AppError(
        'unavailable',
        'The database cannot answer now; nothing may have been changed. Try again.',
        {
          retry_after_ms: 1_000,
          cause: error,
        },
      )
    : undefined
