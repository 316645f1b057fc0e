// Opening a collection: its indexes, and documents of older shapes read as if they were of the present one.
import type { Collection, CollectionOptions, Db, Document, IndexDescription } from 'mongodb'
import { AppError } from '../contracts/define/errors.ts'
import { ensureIndexes, insertMissing, logOf } from './mongo.ts'

/** Brings a document from one shape to the next. Pure, and right for a document that an older release is still writing. */
export type Upgrade = (old: Document) => Document

/** What a collection is opened with. */
export type Opening = Readonly<{
  /**
   * One that is changed under its name is missing until it is built anew. What cannot do without it so long, or names it by
   * `hint`, needs one of a new name instead, and the old one retired.
   */
  indexes: readonly IndexDescription[]
  /** Names of indexes that earlier releases made and that nothing uses any more; they are dropped. */
  retired?: readonly string[]
  /** From the shape without a number to 2, from 2 to 3 and so on; append only. */
  upgrades?: readonly Upgrade[]
}>

/** An open collection. @see openCollection */
export type Opened<T extends Document> = Readonly<{
  collection: Collection<T>
  /** The number of the present shape: goes into each new document as `schema`. The first one has none. */
  schema: number | undefined
  /**
   * A found document in the present shape; give it every document that is decided on or shown, with `schema` among the
   * fields of a projection. What is read is not written: its next save does that.
   * @throws AppError `unavailable` when a newer release wrote it.
   */
  read: <D extends Document>(found: D) => D
}>

const tooNew = (name: string, schema: number, known: number): AppError =>
  new AppError(
    'unavailable',
    `The data in ${name} was written by a newer release of Loops (shape ${schema}; this one knows ${known}).`,
    { hint: 'Start the newer release again, or restore a backup from before the upgrade.' },
  )

/** Reads documents of a collection's older shapes. Pure. */
const reader =
  (name: string, upgrades: readonly Upgrade[]) =>
  <D extends Document>(found: D): D => {
    const schema: number = found.schema ?? 1
    if (schema > upgrades.length + 1) throw tooNew(name, schema, upgrades.length + 1)
    // `schema` stays as it is stored, so that the next save knows that it has to write the whole document.
    return upgrades.slice(schema - 1).reduce((old: Document, upgrade) => upgrade(old), found) as D
  }

/** Refuses a start on data of a newer release, and marks the data with this one's shape. */
const mark = async (db: Db, name: string, known: number): Promise<void> => {
  const marks = db.collection<{ _id: string; schema: number }>('schemas')
  const { schema = 1 } = (await marks.findOne({ _id: name })) ?? {}
  if (schema > known) throw tooNew(name, schema, known)
  if (schema === known) return
  await insertMissing(marks, [{ _id: name, schema: known }])
  await marks.updateOne({ _id: name }, { $max: { schema: known } })
}

/**
 * A collection that its service opens elsewhere, to look into it: makes no index and marks nothing.
 * @param options for reading in another way than the connection does.
 */
export const lookInto = <T extends Document>(
  db: Db,
  name: string,
  { upgrades = [] }: Pick<Opening, 'upgrades'> = {},
  options?: CollectionOptions,
): Opened<T> => {
  const known = upgrades.length + 1
  return {
    collection: db.collection<T>(name, options),
    schema: known === 1 ? undefined : known,
    read: reader(name, upgrades),
  }
}

/**
 * Opens a collection and makes its indexes. Stored documents are never rewritten at the start: each is read through the
 * upgrades, so one that an older replica inserts afterwards is no exception. To change a shape: append an upgrade, pass
 * what is found through `read`, put `schema` into what is inserted (`aggregates` does), and leave the old fields that a
 * release before this one still needs while both run.
 * @throws AppError `unavailable` when the data is of a newer release.
 */
export const openCollection = async <T extends Document>(
  db: Db,
  name: string,
  { indexes, retired, upgrades = [] }: Opening,
): Promise<Opened<T>> => {
  await mark(db, name, upgrades.length + 1)
  const opened = lookInto<T>(db, name, { upgrades })
  await ensureIndexes(opened.collection, indexes, { log: logOf(db), retired })
  return opened
}
