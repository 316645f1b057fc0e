// Loops as rows: their places in the caller's queue and their task counts, which the tasks service has.

import type { TaskCounts } from '../../shared/contracts/define/common.ts'
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { ANSWER_BYTES, countFitting, ENVELOPE_BYTES } from '../../shared/contracts/define/page-bytes.ts'
import type { LoopRow } from '../../shared/contracts/loops-queue/shapes.ts'
import type { Deps } from './deps.ts'
import { viewRow } from './loop-rules.ts'
import type { LoopRowDoc } from './loop-store.ts'

const NO_TASKS: TaskCounts = {
  total: 0,
  open: 0,
  approved: 0,
  in_progress: 0,
  on_hold: 0,
  shipped: 0,
  rejected: 0,
}

/** The places of the active ones among these rows; no more of the order is looked at than they need. */
const placesOf = (rows: readonly LoopRowDoc[], visible: readonly string[]): ReadonlyMap<string, number> => {
  const wanted = new Set(rows.flatMap(({ _id, status }) => (status === 'active' ? [_id] : [])))
  const places = new Map<string, number>()
  for (let place = 0; place < visible.length && places.size < wanted.size; place += 1) {
    const id = visible[place] as string
    if (wanted.has(id)) places.set(id, place)
  }
  return places
}

/** Loops as rows, with one question to the tasks service for all of them. */
const viewRows = async (
  { tasks }: Pick<Deps, 'tasks'>,
  call: MemberCall,
  rows: readonly LoopRowDoc[],
  visible: readonly string[],
): Promise<LoopRow[]> => {
  if (rows.length === 0) return []
  const loop_ids = rows.map(({ _id }) => _id)
  const { loops } = await tasks.count_loops({ workspace_id: call.caller.workspace_id, loop_ids }, call)
  const counts = new Map(loops.map((loop) => [loop.loop_id, loop.counts]))
  const places = placesOf(rows, visible)
  return rows.map((row) => viewRow(row, places.get(row._id) ?? null, counts.get(row._id) ?? NO_TASKS))
}

/** The same, as many of the first rows as an answer has room for. */
export const viewPage = async (...of: Parameters<typeof viewRows>): Promise<LoopRow[]> => {
  const rows = await viewRows(...of)
  return rows.slice(0, countFitting(rows, ANSWER_BYTES - ENVELOPE_BYTES))
}
