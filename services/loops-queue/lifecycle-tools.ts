// close_loop, reopen_loop and ship_loop: each writes the loop, which is the truth, and then the order.
//
// A shipped loop owes its report, the event that lists its tasks. The report comes after the status, because from then on
// nothing can be moved into the loop. Whoever finds a loop that still owes it makes it, should the first one have died.
import { ownCall } from '../../shared/bus/headers.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { Call } from '../../shared/contracts/define/contract.ts'
import { ANSWER_BYTES, countFitting, ENVELOPE_BYTES } from '../../shared/contracts/define/page-bytes.ts'
import type { Deps, Some } from './deps.ts'
import { CHANGED_LOOP_BYTES, changeLoop, viewChanged } from './loop-changes.ts'
import {
  hold,
  owesReport,
  reopen,
  requireActiveRoom,
  type ShipSummary,
  ship,
  shipReport,
} from './loop-rules.ts'
import type { StandingDoc } from './loop-store.ts'
import type { Seen } from './queue-reading.ts'

/** Whoever shipped a loop whose report has been due for longer has left it (ms). */
const REPORT_LEFT_MS = 5_000
/** Left reports made per sweep. */
const SWEEP = 100
/** Room for the unfinished tasks in the answer (bytes). */
const UNFINISHED_BYTES = ANSWER_BYTES - ENVELOPE_BYTES - CHANGED_LOOP_BYTES
/** Tries of a report while the loop's members change. */
const REPORT_TRIES = 8

/** @param final whether tasks on their way into the loop are dealt with first: nothing may come after the report. */
const summarize = (
  { tasks }: Pick<Deps, 'tasks'>,
  { ws, _id, visibility }: StandingDoc,
  call: Call,
  final: boolean,
): Promise<ShipSummary> => {
  const asked = { workspace_id: ws, loop_id: _id, limit: LIMITS.page_default }
  return tasks.summarize_loop(final ? { ...asked, visibility } : asked, call)
}

/** Publishes what a loop shipped with, once, whoever is first. */
const report = async (
  deps: Pick<Deps, 'loops' | 'tasks'>,
  loop: StandingDoc,
  call: Call,
): Promise<ShipSummary> => {
  const summary = await summarize(deps, loop, call, true)
  let newest: StandingDoc | null = loop
  for (let tries = 0; newest && owesReport(newest) && tries < REPORT_TRIES; tries += 1) {
    if (await deps.loops.report(newest, shipReport(newest, summary), { call })) break
    newest = await deps.loops.find(newest.ws, newest._id)
  }
  return summary
}

/** The handlers that hold, reopen and ship a loop. */
export const lifecycleHandlers = (deps: Deps): Some<'close_loop' | 'reopen_loop' | 'ship_loop'> => ({
  close_loop: async (input, call) => {
    const write = () => changeLoop(deps, call, input, hold)
    const { loop, changed, seen } = await deps.queues.changeLoopThenQueue(call, write, () =>
      deps.at('close_loop.held'),
    )
    return { ...viewChanged(loop, seen), changed }
  },

  reopen_loop: async (input, call) => {
    const write = async ({ order }: Seen) => {
      const { status } = await deps.loops.get(call.caller, input.loop_id)
      if (status === 'on_hold') requireActiveRoom(order.length)
      return await changeLoop(deps, call, input, reopen)
    }
    const { loop, changed, seen } = await deps.queues.changeLoopThenQueue(call, write, () =>
      deps.at('reopen_loop.reopened'),
    )
    return { ...viewChanged(loop, seen), changed }
  },

  ship_loop: async (input, call) => {
    // Before anything is changed: without the tasks service there is nothing to report.
    const before = await summarize(deps, await deps.loops.get(call.caller, input.loop_id), call, false)
    const write = () => changeLoop(deps, call, input, ship)
    const { loop, changed, seen } = await deps.queues.changeLoopThenQueue(call, write, () =>
      deps.at('ship_loop.shipped'),
    )
    const summary = await report(deps, loop, call).catch((error: unknown) => {
      deps.log.warn('a shipped loop is reported by a sweeper', { loop_id: loop._id, error })
      return before
    })
    const unfinished = summary.unfinished.slice(0, countFitting(summary.unfinished, UNFINISHED_BYTES))
    return {
      ...viewChanged(loop, seen),
      already_shipped: !changed,
      shipped_at: loop.shipped_at?.toISOString() ?? loop.updated_at.toISOString(),
      task_counts: summary.counts,
      unfinished,
      unfinished_total: summary.unfinished_total,
    }
  },
})

/** Publishes the reports that were left. */
export const sweepReports = async (
  deps: Pick<Deps, 'loops' | 'tasks' | 'clock' | 'ids' | 'log'>,
): Promise<void> => {
  const before = new Date(deps.clock.now().getTime() - REPORT_LEFT_MS)
  for (const loop of await deps.loops.listUnreported(before, SWEEP)) {
    await report(deps, loop, ownCall(deps.clock, deps.ids.next()))
    deps.log.info('reported a shipped loop whose report was left', { loop_id: loop._id })
  }
}
