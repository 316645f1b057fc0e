// Opens collections: makes their indexes, and reads documents of older shapes.
import type { Collection, CollectionOptions, Db, Document, IndexDescription } from 'mongodb'
import { AppError } from '../contracts/define/errors.ts'
import { ensureIndexes, insertMissing, logOf } from './mongo.ts'

/** Turns a document of one shape into the next. Pure, and right while an older release still writes the document. */
export type Upgrade = (old: Document) => Document

/** What a collection is opened with. */
export type Opening = Readonly<{
  /**
   * An index that is changed under its name is missing while it is rebuilt. If a query cannot do without it that long, or
   * names it by `hint`, give the changed index a new name and retire the old one.
   */
  indexes: readonly IndexDescription[]
  /** Names of indexes of earlier releases that nothing uses any more; they are dropped. */
  retired?: readonly string[]
  /** From the first shape, which has no number, to shape 2, from 2 to 3, and so on. Append only. */
  upgrades?: readonly Upgrade[]
}>

/** An open collection. @see openCollection */
export type Opened<T extends Document> = Readonly<{
  collection: Collection<T>
  /** The number of the present shape, written into each new document as `schema`; undefined for the first shape. */
  schema: number | undefined
  /**
   * Returns a found document in the present shape. Pass it every document that is decided on or shown; a projection must
   * include `schema`. Writes nothing: the next save of the document does.
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
    // `schema` keeps its stored value: it tells the next save to write the whole document.
    return upgrades.slice(schema - 1).reduce((old: Document, upgrade) => upgrade(old), found) as D
  }

/** Records the shape of a collection; refuses one that a newer release has recorded. */
const mark = async (db: Db, name: string, known: number): Promise<void> => {
  const marks = db.collection<{ _id: string; schema: number }>('schemas')
  const { schema = 1 } = (await marks.findOne({ _id: name })) ?? {}
  if (schema > known) throw tooNew(name, schema, known)
  if (schema === known) return
  await insertMissing(marks, [{ _id: name, schema: known }])
  await marks.updateOne({ _id: name }, { $max: { schema: known } })
}

/**
 * Opens a collection that another part of Loops owns, for looking into it: makes no index and records no shape.
 * @param options to read otherwise than the connection does.
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
 * Opens a collection and makes its indexes. It rewrites no stored document: each is read through the upgrades, and so is
 * one that an older replica inserts later.
 *
 * To change a shape, append an upgrade, pass every found document through `read`, insert with `schema` (`aggregates` does),
 * and keep the old fields that the release before needs while both run.
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
