// get_activity: who did what, of loops and their order from here, of tasks and comments from the tasks service. For
// pages, list_loop_activity: the first half alone.
import type { ActivityEntry, ActivityPage } from '../../shared/contracts/activity.ts'
import { Id } from '../../shared/contracts/define/common.ts'
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { packCursor, unpackCursor } from '../../shared/contracts/define/cursor.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { ANSWER_BYTES, countFitting, ENVELOPE_BYTES } from '../../shared/contracts/define/page-bytes.ts'
import { type Activity, mergePages } from '../../shared/events/activity-rules.ts'
import { type ActivityAsked, entryOf } from '../../shared/events/activity-store.ts'
import type { Deps, Some } from './deps.ts'
import { forPerson } from './internals.ts'

const NOTHING: ActivityPage = { entries: [], next: null }

/** What was done to loops and to their order. A change of the order counts as one of each loop that somebody named. */
const ownActivity = (deps: Deps, asked: ActivityAsked, call: MemberCall): Promise<ActivityPage> =>
  deps.activity.read(asked, async (found) => {
    const names = await deps.loops.listNames(call.caller, [...new Set(found.flatMap((one) => one.loop_ids))])
    const shown = (one: Activity): ActivityEntry[] => {
      const seen = one.loop_ids.filter((id) => names.has(id))
      const loop_id = asked.loop_id !== undefined && seen.includes(asked.loop_id) ? asked.loop_id : seen[0]
      if (loop_id === undefined) return []
      return [{ ...entryOf(one), loop_id, title: names.get(loop_id) }]
    }
    return found.flatMap(shown)
  })

/** The handler of list_loop_activity. A leaf: it calls no other service. */
export const loopActivityHandlers = (deps: Deps): Some<'list_loop_activity'> => ({
  list_loop_activity: async (asked, anyCall) => {
    const call = forPerson(anyCall)
    if (asked.loop_id !== undefined) await deps.loops.get(call.caller, asked.loop_id)
    return await ownActivity(deps, { ws: call.caller.workspace_id, ...asked }, call)
  },
})

/** The handler of get_activity. */
export const activityHandlers = (deps: Deps): Some<'get_activity'> => ({
  get_activity: async ({ cursor, ...wanted }, call) => {
    const { task_id, loop_id, limit } = wanted
    if (task_id !== undefined && loop_id !== undefined)
      throw new AppError('invalid_argument', 'task_id and loop_id do not go together.', {
        hint: 'Give task_id for one task, loop_id for a loop and its tasks, or neither.',
      })
    const before = unpackCursor(cursor, (text) => Id.safeParse(text).data)
    if (loop_id !== undefined) await deps.loops.get(call.caller, loop_id)
    const visible_private_loop_ids = await deps.loops.listPrivate(call.caller)
    const workspace_id = call.caller.workspace_id
    const asked = { ...wanted, before }
    const [own, theirs] = await Promise.all([
      task_id === undefined ? ownActivity(deps, { ws: workspace_id, ...asked }, call) : NOTHING,
      deps.tasks.list_activity({ ...asked, workspace_id, visible_private_loop_ids }, call),
    ])
    const { entries, next } = mergePages([own, theirs], limit)
    const page = entries.slice(0, countFitting(entries, ANSWER_BYTES - ENVELOPE_BYTES))
    const end = page.length < entries.length ? (page.at(-1)?.id ?? null) : next
    return {
      activity: page.map(({ id: _, ...entry }) => entry),
      next_cursor: end === null ? null : packCursor(end),
    }
  },
})
