// The search of loops: fills their index, and reads them as they are now.
import type { Db } from 'mongodb'
import { LOOP_STATUSES } from '../../shared/contracts/define/common.ts'
import type { Clock } from '../../shared/process/clock.ts'
import { BY_ID, type Ref, these } from '../../shared/storage/by-workspace.ts'
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
  const find = (refs: readonly Ref[], viewer?: Viewer): Promise<IndexedLoop[]> =>
    collection
      .find({
        ...these(refs),
        status: { $in: [...LOOP_STATUSES] },
        ...(viewer && viewer.role !== 'owner' ? { readers: { $in: [EVERYBODY, viewer.user_id] } } : {}),
      })
      .hint(BY_ID)
      .project<IndexedLoop>(LOOP)
      .toArray()
  return {
    index,

    /** Indexes loops as they are now. */
    indexLoops: async (refs: readonly Ref[]): Promise<void> => {
      const found = await find(refs)
      await index.put(
        found.map((loop) => {
          const { _id, ws, v, name, description, ai_context } = loop
          return { _id, ws, v, list: listOf(loop), title: name, texts: [description, ai_context] }
        }),
      )
    },

    /** Reads loops that a person sees now. */
    reading: (viewer: Viewer) => async (ids: readonly string[]) =>
      (
        await find(
          ids.map((_id) => ({ _id, ws: viewer.workspace_id })),
          viewer,
        )
      ).map((loop): Shown<NamedLoop> => {
        const { _id, name, status, description, ai_context } = loop
        const parts = Object.entries({ name, description, ai_context })
        return {
          _id,
          list: listOf(loop),
          parts: parts.map(([part, text]) => ({ name: part, text })),
          document: { _id, name, status },
        }
      }),

    /** What is behind an id, for the backfill. */
    after: (after: string, limit: number): Promise<Ref[]> =>
      collection
        .find({ _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(limit)
        .project<Ref>({ ws: 1 })
        .toArray(),
  }
}
export type LoopSearch = Awaited<ReturnType<typeof openLoopSearch>>
