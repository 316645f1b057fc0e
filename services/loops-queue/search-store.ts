// The search of loops: fills their index, and reads them as they are now.
import type { Db } from 'mongodb'
import { LOOP_STATUSES } from '../../shared/contracts/define/common.ts'
import type { Clock } from '../../shared/process/clock.ts'
import { lookInto } from '../../shared/storage/collection.ts'
import { openSearch, type Shown } from '../../shared/storage/search-store.ts'
import { EVERYBODY } from './loop-rules.ts'
import type { StandingDoc, Viewer } from './loop-store.ts'

type IndexedLoop = Pick<
  StandingDoc,
  '_id' | 'ws' | 'v' | 'name' | 'description' | 'ai_context' | 'visibility' | 'status'
>
/** A loop as an answer shows it. */
export type NamedLoop = Pick<IndexedLoop, '_id' | 'name' | 'status'>

const LOOP = {
  ws: 1,
  v: 1,
  name: 1,
  description: 1,
  ai_context: 1,
  visibility: 1,
  status: 1,
  schema: 1,
} as const

/** The list of a loop: who sees it. */
const listOf = ({ _id, visibility }: Pick<IndexedLoop, '_id' | 'visibility'>): string =>
  `loop:${visibility === 'private' ? _id : 'public'}`

/** Opens the search of the service. */
export const openLoopSearch = async (db: Db, clock: Clock) => {
  const { collection } = lookInto<StandingDoc>(db, 'loops')
  const index = await openSearch(db, clock)
  const find = (ids: readonly string[], viewer?: Viewer): Promise<IndexedLoop[]> =>
    collection
      .find({
        _id: { $in: [...ids] },
        status: { $in: [...LOOP_STATUSES] },
        ...(viewer ? { ws: viewer.workspace_id } : {}),
        ...(viewer && viewer.role !== 'owner' ? { readers: { $in: [EVERYBODY, viewer.user_id] } } : {}),
      })
      .project<IndexedLoop>(LOOP)
      .toArray()
  return {
    index,

    /** Indexes loops as they are now. */
    indexLoops: async (ids: readonly string[]): Promise<void> => {
      const found = await find(ids)
      await index.put(
        found.map((loop) => {
          const { _id, ws, v, name, description, ai_context } = loop
          return { _id, ws, v, list: listOf(loop), title: name, texts: [description, ai_context] }
        }),
      )
    },

    /** Reads loops that a person sees now. */
    reading: (viewer: Viewer) => async (ids: readonly string[]) =>
      (await find(ids, viewer)).map((loop): Shown<NamedLoop> => {
        const { _id, name, status, description, ai_context } = loop
        const parts = Object.entries({ name, description, ai_context })
        return {
          _id,
          list: listOf(loop),
          parts: parts.map(([part, text]) => ({ name: part, text })),
          document: { _id, name, status },
        }
      }),

    /** The ids behind an id, for the backfill. */
    after: async (after: string, limit: number): Promise<string[]> => {
      const found = await collection
        .find({ _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(limit)
        .project<{ _id: string }>({ _id: 1 })
        .toArray()
      return found.map(({ _id }) => _id)
    },
  }
}
export type LoopSearch = Awaited<ReturnType<typeof openLoopSearch>>
