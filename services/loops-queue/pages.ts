// Pages of loops: the sections of a list one after the other, each behind the place where the page before ended.

import type { LoopStatus } from '../../shared/contracts/define/common.ts'
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { type Position, readCursor, type Section, type Walk, walkFrom, writeCursor } from './cursor-rules.ts'
import type { Deps } from './deps.ts'
import type { LoopRowDoc } from './loop-store.ts'
import type { Seen } from './queue-access.ts'

/** A row, and the place behind it. */
type Item = Readonly<{ row: LoopRowDoc; place: Position }>

/** What a list has, in this order. */
const SECTIONS: Readonly<Record<LoopStatus | 'all', readonly Section[]>> = {
  active: ['active', 'came'],
  on_hold: ['on_hold'],
  shipped: ['shipped'],
  all: ['active', 'on_hold', 'shipped', 'came'],
}

/** Rows of active loops in the order given; those that have just left are made up for by the ones behind. */
const readRows = async (
  { loops }: Deps,
  ws: string,
  ids: readonly string[],
  limit: number,
): Promise<LoopRowDoc[]> => {
  const rows: LoopRowDoc[] = []
  for (let at = 0; at < ids.length && rows.length < limit; at += limit)
    rows.push(...(await loops.listRows(ws, ids.slice(at, at + limit))))
  return rows.slice(0, limit)
}

const readActive = async (deps: Deps, ws: string, walk: Walk, limit: number): Promise<Item[]> => {
  const rows = await readRows(deps, ws, walk.ids, limit)
  let id: string | undefined
  return rows.map((row) => {
    if (walk.wasThere(row._id)) id = row._id
    return { row, place: { in: 'active', v: walk.v ?? 0, ...(id === undefined ? {} : { id }) } }
  })
}

const readCame = async (deps: Deps, ws: string, { came, v = 0 }: Walk, limit: number): Promise<Item[]> => {
  const rows = await readRows(deps, ws, came, limit)
  return rows.map((row) => ({ row, place: { in: 'came', v, id: row._id } }))
}

/** Rows of one section, from the place on where the page before ended in it. */
const readSection = async (
  deps: Deps,
  call: MemberCall,
  section: Section,
  walk: Walk,
  behind: Position | undefined,
  limit: number,
): Promise<Item[]> => {
  const ws = call.caller.workspace_id
  if (section === 'active') return await readActive(deps, ws, walk, limit)
  if (section === 'came') return await readCame(deps, ws, walk, limit)
  const before = behind?.in === section ? behind.key : undefined
  const rows = await deps.loops.listByStatus(call.caller, section, before, limit)
  const began = walk.v === undefined ? {} : { v: walk.v }
  return rows.map((row) => ({ row, place: { in: section, key: row.status_key, ...began } }))
}

/** A page of a list of loops. */
export type Page = Readonly<{
  seen: Seen
  rows: readonly LoopRowDoc[]
  /** The cursor behind so many of the rows; null at the end of the list. */
  cursorBehind: (shown: number) => string | null
}>

/**
 * A page of the loops that the caller sees, of one status or of all.
 * @throws AppError `invalid_argument` for a text that is no cursor of this list.
 */
export const readPage = async (
  deps: Deps,
  call: MemberCall,
  list: LoopStatus | 'all',
  { limit, cursor }: Readonly<{ limit: number; cursor?: string | undefined }>,
): Promise<Page> => {
  const sections = SECTIONS[list]
  const behind = readCursor(cursor, sections)
  const seen = await deps.queues.read(call)
  const walk = walkFrom(seen, behind)
  const items: Item[] = []
  for (const section of sections.slice(behind ? sections.indexOf(behind.in) : 0)) {
    items.push(...(await readSection(deps, call, section, walk, behind, limit + 1 - items.length)))
    if (items.length > limit) break
  }
  return {
    seen,
    rows: items.slice(0, limit).map(({ row }) => row),
    cursorBehind: (shown) => {
      const last = items[shown - 1]
      return last && items.length > shown ? writeCursor(last.place) : null
    },
  }
}
