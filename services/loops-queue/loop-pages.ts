// Pages of lists of loops: the sections of a list one after the other, each loop with its priority and task counts.

import type { LoopStatus, TaskCounts } from '../../shared/contracts/define/common.ts'
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { pageWithin } from '../../shared/contracts/define/cursor.ts'
import { ANSWER_BYTES, ENVELOPE_BYTES } from '../../shared/contracts/define/page-bytes.ts'
import type { LoopRow } from '../../shared/contracts/loops-queue/shapes.ts'
import { type Position, readCursor, type Section, type Walk, walkFrom, writeCursor } from './cursor-rules.ts'
import type { Deps } from './deps.ts'
import type { LoopRowDoc } from './loop-store.ts'
import { viewRow } from './loop-view.ts'
import type { Seen } from './queue-reading.ts'

/** A row, and the position behind it. */
type Item = Readonly<{ row: LoopRowDoc; position: Position }>

/** The sections of each list, in their order. */
const SECTIONS: Readonly<Record<LoopStatus | 'all', readonly Section[]>> = {
  active: ['active', 'came'],
  on_hold: ['on_hold'],
  shipped: ['shipped'],
  all: ['active', 'on_hold', 'shipped', 'came'],
}

const NO_TASKS: TaskCounts = {
  total: 0,
  open: 0,
  approved: 0,
  in_progress: 0,
  on_hold: 0,
  shipped: 0,
  rejected: 0,
}

/** Rows of active loops in the order given; loops further behind replace those that have just left. */
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
    return { row, position: { in: 'active', v: walk.v ?? 0, ...(id === undefined ? {} : { id }) } }
  })
}

const readNewlyActive = async (deps: Deps, ws: string, walk: Walk, limit: number): Promise<Item[]> => {
  const { came, v = 0 } = walk
  const rows = await readRows(deps, ws, came, limit)
  return rows.map((row) => ({ row, position: { in: 'came', v, id: row._id } }))
}

/** Rows of one section, from where the page before ended in it. */
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
  if (section === 'came') return await readNewlyActive(deps, ws, walk, limit)
  const before = behind?.in === section ? behind.key : undefined
  const rows = await deps.loops.listByStatus(call.caller, section, before, limit)
  const began = walk.v === undefined ? {} : { v: walk.v }
  return rows.map((row) => ({ row, position: { in: section, key: row.status_key, ...began } }))
}

/** The priorities of the active ones among these rows; the order is searched no further than they need. */
const prioritiesOf = (
  rows: readonly LoopRowDoc[],
  visible: readonly string[],
): ReadonlyMap<string, number> => {
  const active = new Set(rows.flatMap(({ _id, status }) => (status === 'active' ? [_id] : [])))
  const priorities = new Map<string, number>()
  for (let priority = 0; priority < visible.length && priorities.size < active.size; priority += 1) {
    const id = visible[priority] as string
    if (active.has(id)) priorities.set(id, priority)
  }
  return priorities
}

/** Makes the view of these rows; one call of the tasks service counts the tasks of all. */
const viewOfRows = async (
  { tasks }: Pick<Deps, 'tasks'>,
  call: MemberCall,
  rows: readonly LoopRowDoc[],
  visible: readonly string[],
): Promise<(row: LoopRowDoc) => LoopRow> => {
  const loop_ids = rows.map(({ _id }) => _id)
  const { loops } =
    rows.length === 0
      ? { loops: [] }
      : await tasks.count_loops({ workspace_id: call.caller.workspace_id, loop_ids }, call)
  const counts = new Map(loops.map((loop) => [loop.loop_id, loop.counts]))
  const priorities = prioritiesOf(rows, visible)
  return (row) => viewRow(row, priorities.get(row._id) ?? null, counts.get(row._id) ?? NO_TASKS)
}

/**
 * A page of the loops that the caller sees, of one status or of all; it ends early where an answer has no more room.
 * @throws AppError `invalid_argument` for a text that is no cursor of this list.
 */
export const listPage = async (
  deps: Deps,
  call: MemberCall,
  list: LoopStatus | 'all',
  { limit, cursor }: Readonly<{ limit: number; cursor?: string | undefined }>,
): Promise<Readonly<{ seen: Seen; loops: LoopRow[]; next_cursor: string | null }>> => {
  const sections = SECTIONS[list]
  const behind = readCursor(cursor, sections)
  const seen = await deps.queues.read(call)
  const walk = walkFrom(seen, behind)
  const items: Item[] = []
  for (const section of sections.slice(behind ? sections.indexOf(behind.in) : 0)) {
    items.push(...(await readSection(deps, call, section, walk, behind, limit + 1 - items.length)))
    if (items.length > limit) break
  }
  const rows = items.slice(0, limit).map(({ row }) => row)
  const view = await viewOfRows(deps, call, rows, seen.visible)
  const { page: loops, last } = pageWithin(
    items,
    limit,
    ({ row }) => view(row),
    ANSWER_BYTES - ENVELOPE_BYTES,
  )
  return { seen, loops, next_cursor: last ? writeCursor(last.position) : null }
}
