// The commands on the order and its page by page view: set_loop_priority, reorder_loops, get_loop_queue.
import { versionConflict } from '../../shared/aggregate.ts'
import type { MemberCall } from '../../shared/contract.ts'
import { AppError, notFound } from '../../shared/errors.ts'
import { repeatable } from '../../shared/idempotency.ts'
import { readCursor, resumeAt, writeCursor } from './cursor.ts'
import type { Deps, Some } from './deps.ts'
import { headOf, type Rearrangement, type Seen } from './order.ts'
import { badIds, move, movedChange, reorder, reorderedChange, sameOrder, weave } from './queue.ts'
import { viewPage } from './rows.ts'

/** What has been changed since a version, as far as it is remembered and concerns loops that the caller sees. */
const changedSince = async ({ loops }: Deps, call: MemberCall, { queue }: Seen, version: number) => {
  const entries = queue.log.filter(({ v }) => v > version)
  const visible = await loops.listStatuses(call.caller, [
    ...new Set(entries.flatMap((entry) => entry.loop_ids)),
  ])
  return entries
    .map((entry) => ({ ...entry, loop_ids: entry.loop_ids.filter((id) => visible.has(id)) }))
    .filter((entry) => entry.loop_ids.length > 0)
}

/** @throws AppError `version_conflict` when the caller named another version than the present one. */
const requireVersion = async (
  deps: Deps,
  call: MemberCall,
  seen: Seen,
  expected: number | undefined,
): Promise<void> => {
  if (expected === undefined || expected === seen.version) return
  throw versionConflict(expected, seen.version, {
    order_head: headOf(seen.visible),
    changed_since: await changedSince(deps, call, seen, expected),
  })
}

/** @throws AppError `not_found`, or `invalid_transition` for a loop that the caller sees but that has no place. */
const requireActive = async ({ loops }: Deps, call: MemberCall, seen: Seen, id: string): Promise<void> => {
  if (seen.visible.includes(id)) return
  const status = (await loops.listStatuses(call.caller, [id])).get(id)
  if (status === undefined) throw notFound('loop', id)
  const hint =
    status === 'shipped'
      ? 'A shipped loop stays out of the queue.'
      : 'Bring it back into the queue with reopen_loop, then set its priority.'
  throw new AppError('invalid_transition', `Loop ${id} is ${status}; only active loops have a priority.`, {
    hint,
    details: { loop_id: id, status },
  })
}

/** @throws AppError that names every id which cannot be put in order, and why; nothing has been applied. */
const requireAllActive = async (
  { loops }: Deps,
  call: MemberCall,
  seen: Seen,
  ids: readonly string[],
): Promise<void> => {
  const visible = new Set(seen.visible)
  const others = ids.filter((id) => !visible.has(id))
  const statuses = others.length > 0 ? await loops.listStatuses(call.caller, others) : new Map()
  const bad = badIds(ids, (id) => (visible.has(id) ? 'active' : statuses.get(id)))
  if (bad.length === 0) return
  const reasons = new Set(bad.map(({ reason }) => reason))
  const code = !reasons.has('duplicate') && reasons.has('not_found') ? 'not_found' : 'invalid_argument'
  const named = bad.slice(0, 5).map(({ loop_id, reason }) => `${loop_id} (${reason})`)
  const more = bad.length > named.length ? ` and ${bad.length - named.length} more` : ''
  throw new AppError(
    code,
    `These ids cannot be put in order: ${named.join(', ')}${more}; nothing was changed.`,
    {
      hint: 'Name each active loop at most once; get_loop_queue lists them.',
      details: { bad_ids: bad },
    },
  )
}

/** The answer of a command on the order, for what it decided: the order before and after, as the caller sees it. */
const decided = <R>(
  seen: Seen,
  after: readonly string[],
  change: Rearrangement<R>['change'],
  view: (visible: readonly string[]) => R,
) => {
  const changed = !sameOrder(seen.order, after)
  const result = {
    ...view(after.filter((id) => !seen.hidden.has(id))),
    changed,
    version_before: seen.version,
    version: seen.version + (changed ? 1 : 0),
  }
  return changed ? { result, change, places: weave(seen.queue, after) } : { result }
}

/** The handlers of the order. */
export const ordering = (deps: Deps): Some<'set_loop_priority' | 'reorder_loops' | 'get_loop_queue'> => ({
  set_loop_priority: (input, call) =>
    deps.queues.change(call, repeatable(call.caller, 'set_loop_priority', input), async (seen) => {
      const { loop_id, priority, expected_version } = input
      await requireVersion(deps, call, seen, expected_version)
      await requireActive(deps, call, seen, loop_id)
      const after = move(seen.order, seen.hidden, loop_id, priority)
      return decided(seen, after, movedChange(seen.order, after, loop_id), (visible) => ({
        loop_id,
        priority: visible.indexOf(loop_id),
        order_head: headOf(visible),
      }))
    }),

  reorder_loops: (input, call) =>
    deps.queues.change(call, repeatable(call.caller, 'reorder_loops', input), async (seen) => {
      const { loop_ids, expected_version } = input
      await requireVersion(deps, call, seen, expected_version)
      await requireAllActive(deps, call, seen, loop_ids)
      const after = reorder(seen.order, seen.hidden, loop_ids)
      return decided(seen, after, reorderedChange(after, loop_ids), (visible) => ({
        order_head: headOf(visible),
        total: visible.length,
      }))
    }),

  get_loop_queue: async ({ limit, cursor }, call) => {
    const place = readCursor(cursor, 'active')
    const { visible, version } = await deps.queues.read(call)
    const start = resumeAt(visible, place)
    const ids = visible.slice(start, start + limit)
    const rows = await deps.loops.listRows(call.caller.workspace_id, ids)
    const loops = await viewPage(deps, call, rows, visible)
    const last = loops.length < rows.length ? loops.at(-1)?.id : ids.at(-1)
    const end = last === undefined ? start : visible.indexOf(last) + 1
    return {
      version,
      loops,
      total: visible.length,
      next_cursor:
        last !== undefined && end < visible.length
          ? writeCursor({ in: 'active', id: last, place: end - 1 })
          : null,
    }
  },
})
