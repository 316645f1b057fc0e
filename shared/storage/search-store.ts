// The index of a service's search: for each document, its words and the list that it is on.
//
// The index may be behind its documents. So it only proposes: a document is shown as it is when it is asked for, and only
// if it still matches and the caller sees it. An entry has the version of the document that decided on it, and an older
// version never replaces a newer one; therefore filling may be repeated, and may come late.
import type { Collection, Db, Document, IndexDescription } from 'mongodb'
import { MongoError } from 'mongodb'
import { AppError } from '../contracts/define/errors.ts'
import type { Clock } from '../process/clock.ts'
import { inParallel, partsOf } from '../process/parallel.ts'
import { type Match, matchParts, type Part, rankOf } from '../search/match.ts'
import { keysOf, type Term } from '../search/words.ts'
import { BY_ID, type Ref, these } from './by-workspace.ts'
import { openCollection } from './collection.ts'
import { duplicatesIn, insertMissing } from './mongo.ts'

/** A document as its service indexes it. */
export type Searchable = Readonly<{
  _id: string
  ws: string
  /** The version of the document that its texts and its list are of. */
  v: number
  /** `<kind>:<who sees it>`. */
  list: string
  /** What a comment is on. */
  parent?: string
  title: string
  texts: readonly string[]
}>

type Entry = Omit<Searchable, 'title' | 'texts'> & Readonly<{ title: string[]; words: string[] }>
/** How far the documents from before the index are in it. */
type Backfill = { _id: string; after: string; until: Date; done: boolean }

/** Different words of one document that are indexed. */
const MAX_WORDS = 2_000
/** How many documents with the rarest word of a query are looked at. */
export const MAX_CANDIDATES = 2_000
/** How long one query may take (ms). */
const MAX_TIME_MS = 2_000
/** Lists that are read at once in order: MongoDB merges up to 200 scans. */
const MAX_SCANS = 150
const PARALLEL = 4
/** Documents that are read at once to be shown. */
const READ_AT_ONCE = 50
/** How long a replica that fills in old documents keeps its turn (ms). */
const TURN_MS = 30_000
/** The server's code: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const MAX_TIME_EXPIRED = 50

const INDEXES: readonly IndexDescription[] = [
  // Documents by list and word: by the beginning of a word, and of one word newest first.
  { key: { ws: 1, list: 1, words: 1, _id: -1 }, name: 'words' },
  // The comments on one thing.
  { key: { parent: 1 }, name: 'parent', partialFilterExpression: { parent: { $exists: true } } },
]

/** A document as it is now; without a list: it is on the one that it is indexed on. */
export type Shown<D> = Readonly<{ _id: string; list?: string; parts: readonly Part[]; document: D }>
/** What was found: a document as it is now, where it matches, and its place. */
export type Found<D> = Readonly<{ rank: string; document: D; match: Match }>
export type Search<D> = Readonly<{
  ws: string
  /** The lists that the caller sees. */
  lists: readonly string[]
  terms: readonly Term[]
  /** Only what comes behind this rank. */
  before?: string | undefined
  limit: number
  /** Reads documents as they are now, and leaves out those that do not belong into the answer. */
  read: (ids: readonly string[]) => Promise<readonly Shown<D>[]>
  /** Which of these belong into the answer; all when absent. */
  narrow?: ((ids: readonly string[]) => Promise<ReadonlySet<string>>) | undefined
}>
/** `truncated`: there are more candidates than a search looks at. */
export type Answer<D> = Readonly<{ found: readonly Found<D>[]; more: boolean; truncated: boolean }>

/** The words that begin with a prefix. */
const beginning = (prefix: string, from: '$gte' | '$gt' = '$gte') => ({
  words: { $elemMatch: { [from]: prefix, $lt: `${prefix}\u{10ffff}` } },
})

const inTime = async <T>(query: Promise<T>): Promise<T> => {
  try {
    return await query
  } catch (error) {
    if (!(error instanceof MongoError) || error.code !== MAX_TIME_EXPIRED) throw error
    throw new AppError('timeout', 'The search took too long.', {
      hint: 'Add a rarer word, or more of a word.',
      cause: error,
    })
  }
}

/** The documents that have all words of a query, as far as a search looks. */
const proposing = (collection: Collection<Entry>) => {
  const options = { hint: 'words', maxTimeMS: MAX_TIME_MS } as const
  const rarest = async (ws: string, lists: readonly string[], prefixes: readonly string[]) => {
    const counted = await inParallel(prefixes, PARALLEL, async (prefix) => {
      const filter = { ws, list: { $in: [...lists] }, ...beginning(prefix) }
      return {
        prefix,
        count: await collection.countDocuments(filter as Document, { ...options, limit: MAX_CANDIDATES + 1 }),
      }
    })
    return counted.reduce((least, one) => (one.count < least.count ? one : least))
  }
  return async ({ ws, lists, terms }: Pick<Search<unknown>, 'ws' | 'lists' | 'terms'>) => {
    const prefixes = [...new Set(terms.flatMap((term) => term.prefixes))].slice(0, 16)
    const { prefix, count } = await rarest(ws, lists, prefixes)
    if (count === 0) return { rows: [], truncated: false }
    const all = prefixes.filter((one) => one !== prefix).map((one) => beginning(one))
    const exact = { $setIntersection: ['$words', terms.map(({ word }) => word)] }
    const rest: Document[] = [
      ...(all.length > 0 ? [{ $match: { $and: all } }] : []),
      { $project: { list: 1, title: 1, exact } },
    ]
    type Row = { _id: string; list: string; title: string[]; exact: string[] }
    const read = (stages: Document[]): Promise<Row[]> =>
      collection.aggregate<Row>([...stages, { $limit: MAX_CANDIDATES }, ...rest], options).toArray()
    const [whole, begun] = await Promise.all([
      // A whole word newest first. Of beginnings, the index has no order: where there are too many, some are missing.
      inParallel(partsOf(lists, MAX_SCANS), PARALLEL, (list) =>
        read([{ $match: { ws, list: { $in: list }, words: prefix } }, { $sort: { _id: -1 } }]),
      ),
      read([{ $match: { ws, list: { $in: [...lists] }, ...beginning(prefix, '$gt') } }]),
    ])
    const rows = new Map([...whole.flat(), ...begun].map((row) => [row._id, row]))
    return { rows: [...rows.values()], truncated: count > MAX_CANDIDATES }
  }
}

/** Searches: proposes documents, and shows those that match as they are now. */
const searching = (collection: Collection<Entry>) => {
  const propose = proposing(collection)
  return async <D>({ before, limit, read, narrow, ...query }: Search<D>): Promise<Answer<D>> => {
    const { ws, lists, terms } = query
    if (lists.length === 0) return { found: [], more: false, truncated: false }
    const { rows, truncated } = await inTime(propose({ ws, lists, terms }))
    const kept = await narrow?.(rows.map(({ _id }) => _id))
    const ranked = rows
      .filter(({ _id }) => kept?.has(_id) ?? true)
      .map((row) => ({
        _id: row._id,
        list: row.list,
        rank: rankOf({ ...row, is_comment: row.list.startsWith('comment:') }, terms),
      }))
      .filter(({ rank }) => before === undefined || rank < before)
      .sort((a, b) => (a.rank < b.rank ? 1 : -1))
    const visible = new Set(lists)
    const found: Found<D>[] = []
    for (const some of partsOf(ranked, READ_AT_ONCE)) {
      if (found.length > limit) break
      const shown = new Map((await read(some.map(({ _id }) => _id))).map((one) => [one._id, one]))
      for (const { _id, rank, list } of some) {
        const now = shown.get(_id)
        const match = now && visible.has(now.list ?? list) ? matchParts(now.parts, terms) : undefined
        if (now && match) found.push({ rank, document: now.document, match })
      }
    }
    return { found: found.slice(0, limit), more: found.length > limit, truncated }
  }
}

const entryOf = ({ title, texts, ...document }: Searchable): Entry => ({
  ...document,
  title: keysOf([title], MAX_WORDS),
  words: keysOf([title, ...texts], MAX_WORDS),
})

const filling = (collection: Collection<Entry>) => ({
  /** Indexes documents, each unless a newer version of it is indexed. */
  put: async (documents: readonly Searchable[]): Promise<void> => {
    if (documents.length === 0) return
    const writes = documents.map(entryOf).map((entry) => ({
      replaceOne: {
        filter: { _id: entry._id, ws: entry.ws, v: { $lte: entry.v } },
        replacement: entry,
        upsert: true,
      },
    }))
    try {
      await collection.bulkWrite(writes, { ordered: false })
    } catch (error) {
      // Of some there is a newer version, or another process has just inserted an older one.
      const found = duplicatesIn(error)
      const again = writes.filter((_, n) => found.has(n))
      await collection.bulkWrite(
        again.map(({ replaceOne }) => ({ replaceOne: { ...replaceOne, upsert: false } })),
        { ordered: false },
      )
    }
  },

  /** Takes documents out of the index, and the comments on them. */
  remove: async (documents: readonly Ref[]): Promise<void> => {
    if (documents.length === 0) return
    const { _id: ids, ws } = these(documents)
    await collection.deleteMany({ _id: ids, ws }, { hint: BY_ID })
    await collection.deleteMany({ parent: ids, ws }, { hint: 'parent' })
  },

  /** Puts the comments on things onto other lists, each as of a version of what they are on. */
  moveComments: async (
    moves: readonly Readonly<{ ws: string; parent: string; list: string; v: number }>[],
  ): Promise<void> => {
    if (moves.length === 0) return
    await collection.bulkWrite(
      moves.map(({ ws, parent, list, v }) => ({
        updateMany: { filter: { parent, ws, v: { $lt: v } }, update: { $set: { list, v } }, hint: 'parent' },
      })),
      { ordered: false },
    )
  },

  /** The lists of these kinds that have entries: what somebody sees who sees everything. */
  listsOf: async (ws: string, kinds: readonly string[]): Promise<string[]> => {
    const all = await inTime(collection.distinct('list', { ws }, { maxTimeMS: MAX_TIME_MS }))
    return all.filter((list) => kinds.includes(list.slice(0, list.indexOf(':'))))
  },
})

const backfilling = (collection: Collection<Backfill>, clock: Pick<Clock, 'now'>) => ({
  /** Takes the turn to fill in old documents. @returns the id to go on behind; null: not now; undefined: all is done. */
  take: async (name: string): Promise<string | null | undefined> => {
    const now = clock.now()
    const found = await collection.findOne({ _id: name })
    if (found?.done) return undefined
    if (!found) await insertMissing(collection, [{ _id: name, after: '', until: new Date(0), done: false }])
    const taken = await collection.findOneAndUpdate(
      { _id: name, until: { $lte: now } },
      { $set: { until: new Date(now.getTime() + TURN_MS) } },
    )
    return taken ? taken.after : null
  },

  /** Records how far it came, and ends the turn. @param end null: all documents are indexed. */
  moveOn: async (name: string, after: string, end: string | null): Promise<void> => {
    await collection.updateOne(
      { _id: name, after },
      { $set: { after: end ?? after, until: new Date(0), done: end === null } },
    )
  },
})

/** Opens the search of a service. */
export const openSearch = async (db: Db, clock: Pick<Clock, 'now'>) => {
  const { collection } = await openCollection<Entry>(db, 'search', { indexes: INDEXES })
  const backfills = await openCollection<Backfill>(db, 'search_backfills', { indexes: [] })
  return {
    search: searching(collection),
    ...filling(collection),
    backfill: backfilling(backfills.collection, clock),
  }
}
export type SearchIndex = Awaited<ReturnType<typeof openSearch>>
