// search: this service finds loops, the tasks service finds tasks and comments, and the best of both are the answer.
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { packCursor, unpackCursor } from '../../shared/contracts/define/cursor.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { type FoundText, KINDS, QUERY_WORDS, TASK_KINDS } from '../../shared/contracts/tasks/search.ts'
import type { FaultPoint } from '../../shared/process/fault-points.ts'
import { RANK, snippetOf } from '../../shared/search/match.ts'
import { termsOf } from '../../shared/search/words.ts'
import type { Deps, Some } from './deps.ts'
import type { LoopSearch } from './search-store.ts'

/** Loops of the backfill that are indexed in one step. */
const BATCH = 50

type SearchDeps = Pick<Deps, 'loops' | 'tasks'> & Readonly<{ search: LoopSearch }>
type Ranked = FoundText & Readonly<{ rank: string }>
type Results = Readonly<{ found: readonly Ranked[]; more: boolean; truncated: boolean }>
type Asked = Readonly<{ query: string; before: string | undefined; limit: number }>

const NOTHING: Results = { found: [], more: false, truncated: false }

const readCursor = (cursor: string | undefined): string | undefined =>
  unpackCursor(cursor, (text) => (RANK.test(text) ? text : undefined))

/** Loops that match. */
const searchLoops = async (
  { search }: SearchDeps,
  privateLoops: readonly string[] | null,
  { query, before, limit }: Asked,
  { caller }: MemberCall,
): Promise<Results> => {
  const ws = caller.workspace_id
  const lists =
    privateLoops === null
      ? await search.index.listsOf(ws, ['loop'])
      : ['public', ...privateLoops].map((who) => `loop:${who}`)
  const terms = termsOf(query, QUERY_WORDS)
  const read = search.reading(caller)
  const { found, more, truncated } = await search.index.search({ ws, lists, terms, before, limit, read })
  return {
    found: found.map(({ rank, document: { _id, name, status }, match: { part, index } }) => ({
      rank,
      kind: 'loop',
      id: _id,
      title: name,
      status,
      found_in: part.name as 'name' | 'description' | 'ai_context',
      ...(part.name === 'name' ? {} : { snippet: snippetOf(part.text, index) }),
    })),
    more,
    truncated,
  }
}

/** Gives comments on loops the names of these. */
const withNames = async (
  { search }: SearchDeps,
  found: readonly FoundText[],
  call: MemberCall,
): Promise<FoundText[]> => {
  const ids = found.flatMap(({ title, loop_id }) => (title === undefined && loop_id ? [loop_id] : []))
  const loops = ids.length === 0 ? [] : await search.reading(call.caller)([...new Set(ids)])
  const names = new Map(loops.map(({ document: { _id, name } }) => [_id, name]))
  // The person may have lost a loop since these comments were found. They are dropped after paging: such a page is short,
  // and its cursor still leads on.
  return found.flatMap((row) => {
    if (row.title !== undefined) return [row]
    const title = names.get(row.loop_id ?? '')
    return title === undefined ? [] : [{ ...row, title }]
  })
}

/** The handler of search. */
export const searchHandlers = (deps: SearchDeps): Some<'search'> => ({
  search: async ({ query, kinds, status, limit, cursor }, call) => {
    if (termsOf(query, 1).length === 0)
      throw new AppError('invalid_argument', 'query: has no word.', {
        hint: 'Write letters or digits.',
        details: { fields: [{ field: 'query', message: 'has no word' }] },
      })
    const before = readCursor(cursor)
    if (status !== undefined && kinds && !kinds.includes('task'))
      throw new AppError('invalid_argument', 'status narrows tasks, and kinds leaves them out.', {
        hint: 'Leave out status, or name task among the kinds.',
      })
    const wanted: readonly (typeof KINDS)[number][] = status === undefined ? (kinds ?? KINDS) : ['task']
    const privateLoops = await deps.loops.listPrivate(call.caller)
    const asked = { query, before, limit }
    const ofTasks = TASK_KINDS.filter((kind) => wanted.includes(kind))
    const [tasks, loops] = await Promise.all([
      ofTasks.length === 0
        ? NOTHING
        : deps.tasks.find_tasks(
            {
              ...asked,
              workspace_id: call.caller.workspace_id,
              kinds: ofTasks,
              status,
              visible_private_loop_ids: privateLoops,
            },
            call,
          ),
      wanted.some((kind) => kind === 'loop') ? searchLoops(deps, privateLoops, asked, call) : NOTHING,
    ])
    const all = [...tasks.found, ...loops.found].sort((a, b) => (a.rank < b.rank ? 1 : -1))
    const page = all.slice(0, limit)
    const last = page.at(-1)
    const more = all.length > limit || tasks.more || loops.more
    const rows = page.map(({ rank: _, ...row }) => row)
    return {
      found: await withNames(deps, rows, call),
      next_cursor: more && last ? packCursor(last.rank) : null,
      ...(tasks.truncated || loops.truncated ? { truncated: true as const } : {}),
    }
  },
})

/** Makes the sweep that indexes the loops from before there was a search, a few at a time. */
export const backfillSweep = ({
  search,
  at,
}: Readonly<{ search: LoopSearch; at: FaultPoint }>): (() => Promise<void>) => {
  let isDone = false
  return async () => {
    if (isDone) return
    const after = await search.index.backfill.take('loops')
    isDone = after === undefined
    if (after === undefined || after === null) return
    const found = await search.after(after, BATCH)
    await search.indexLoops(found)
    at('loop_search.backfilled')
    await search.index.backfill.moveOn(
      'loops',
      after,
      found.length < BATCH ? null : (found.at(-1)?._id ?? null),
    )
  }
}
