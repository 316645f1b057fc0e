// Erases the name of a person from every document of a workspace, in all collections of a database.
import type { Collection, Db, Document } from 'mongodb'
import type { Contract, Handlers } from '../contracts/define/contract.ts'
import { AppError } from '../contracts/define/errors.ts'
import type { ForgettingOperation, forgettingOperations } from '../contracts/forgetting.ts'
import { lookInto } from './collection.ts'
import { namesIn, placeIn, placeText } from './erasing-rules.ts'
import { KEPT_EVERYWHERE } from './erasure.ts'

/** Documents that are looked at in one go. */
const PAGE = 500
/** How often a document that changes meanwhile is looked at again. */
const TRIES = 10

type Named = Document & { _id: string; ws: string; v?: number }

/** Erases the name from one document. Its version stays: it says the same, and whoever changes it meanwhile is not disturbed. */
const eraseIn = async (collection: Collection<Named>, found: Named, userId: string): Promise<void> => {
  let document: Named | null = found
  for (let tries = 0; document && tries < TRIES; tries += 1) {
    const $set = namesIn(document, userId)
    if (Object.keys($set).length === 0) return
    const { _id, v, ws }: Named = document
    const filter = { _id, ws, ...(v === undefined ? {} : { v }) }
    if ((await collection.updateOne(filter, { $set })).matchedCount === 1) return
    document = await collection.findOne({ _id, ws })
  }
}

/** Whose name, and where to go on. */
export type Forgotten = Readonly<{ workspace_id: string; user_id: string; after?: string | undefined }>

/**
 * Erases the name of a person from a page of a workspace's documents. May be repeated.
 * @param except collections in which names stay.
 * @returns where to go on; null at the end.
 * @throws AppError `invalid_argument` for a place that is none.
 */
export const eraseNames = async (
  db: Db,
  { workspace_id, user_id, after }: Forgotten,
  except: readonly string[] = [],
): Promise<string | null> => {
  const begin = after === undefined ? { collection: '', after: '' } : placeIn(after)
  if (!begin) throw new AppError('invalid_argument', 'after: that is no place.')
  const all = await db.listCollections({}, { nameOnly: true }).toArray()
  const names = all
    .flatMap(({ name, type }) => (type === 'view' || name.startsWith('system.') ? [] : [name]))
    // None of these names a workspace in a field, so each would be read whole for nothing.
    .filter((name) => !(name in KEPT_EVERYWHERE) && name >= begin.collection && !except.includes(name))
    .toSorted()
  let room = PAGE
  for (const name of names) {
    const { collection } = lookInto<Named>(db, name)
    const from = name === begin.collection ? begin.after : ''
    const found = await collection
      .find({ ws: workspace_id, _id: { $gt: from } })
      .sort({ _id: 1 })
      .limit(room)
      .toArray()
    for (const document of found) await eraseIn(collection, document, user_id)
    const last = found.at(-1)
    room -= found.length
    if (room <= 0 && last) return placeText({ collection: name, after: last._id })
  }
  return null
}

/**
 * The handler of `forget_person`.
 * @param also erases what else is kept for the person, before their name.
 */
export const forgettingHandlers = (
  db: Db,
  also: (
    person: Readonly<{ workspace_id: string; user_id: string; email?: string | undefined }>,
  ) => Promise<void> = async () => undefined,
): Pick<
  Handlers<Omit<Contract, 'operations'> & { operations: ReturnType<typeof forgettingOperations> }>,
  ForgettingOperation
> => ({
  forget_person: async ({ workspace_id, user_id, email, after }) => {
    if (after === undefined) await also({ workspace_id, user_id, email })
    return { next: await eraseNames(db, { workspace_id, user_id, after }) }
  },
})
