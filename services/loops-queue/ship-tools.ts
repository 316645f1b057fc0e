// ship_loop: the status first, from which on nothing can be moved into the loop; then the report, which counts what is in
// it. The loop says that it owes its report, so that one whose process died in between is made up for.
import { ownCall } from '../../shared/bus/headers.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { Call } from '../../shared/contracts/define/contract.ts'
import { ANSWER_BYTES, countFitting, ENVELOPE_BYTES } from '../../shared/contracts/define/page-bytes.ts'
import type { Deps, Some } from './deps.ts'
import { CHANGED_LOOP_BYTES, changeLoop, view } from './lifecycle-tools.ts'
import { owesReport, type ShipSummary, ship, shipReport } from './loop-rules.ts'
import type { StandingDoc } from './loop-store.ts'

/** A report that has been due for longer was left by whoever shipped the loop (ms). */
const REPORT_LEFT_MS = 5_000
/** Reports that are made up for per sweep. */
const SWEEP = 100
/** Room for the unfinished tasks in the answer (bytes). */
const UNFINISHED_BYTES = ANSWER_BYTES - ENVELOPE_BYTES - CHANGED_LOOP_BYTES
/** Tries of a report while the loop's members change. */
const TRIES = 8

/** @param settle whether what is on its way into the loop is settled first: for the report, nothing may come after. */
const summarize = (
  { tasks }: Pick<Deps, 'tasks'>,
  { ws, _id, visibility }: StandingDoc,
  call: Call,
  settle: boolean,
): Promise<ShipSummary> => {
  const asked = { workspace_id: ws, loop_id: _id, limit: LIMITS.page_default }
  return tasks.summarize_loop(settle ? { ...asked, visibility } : asked, call)
}

/** Publishes what a loop shipped with, once, whoever is first. */
const report = async (
  deps: Pick<Deps, 'loops' | 'tasks'>,
  loop: StandingDoc,
  call: Call,
): Promise<ShipSummary> => {
  const summary = await summarize(deps, loop, call, true)
  let newest: StandingDoc | null = loop
  for (let tries = 0; newest && owesReport(newest) && tries < TRIES; tries += 1) {
    if (await deps.loops.report(newest, shipReport(newest, summary), { call })) break
    newest = await deps.loops.find(newest.ws, newest._id)
  }
  return summary
}

/** The handler of ship_loop. */
export const shipping = (deps: Deps): Some<'ship_loop'> => ({
  ship_loop: async (input, call) => {
    // Asked before anything is changed: without the tasks service there is nothing to report.
    const early = await summarize(deps, await deps.loops.get(call.caller, input.loop_id), call, false)
    const write = () => changeLoop(deps, call, input, ship)
    const { loop, changed, seen } = await deps.queues.changeLoopThenQueue(call, write, () =>
      deps.at('ship_loop.shipped'),
    )
    const summary = await report(deps, loop, call).catch((error: unknown) => {
      deps.log.warn('a shipped loop is reported by a sweeper', { loop_id: loop._id, error })
      return early
    })
    const unfinished = summary.unfinished.slice(0, countFitting(summary.unfinished, UNFINISHED_BYTES))
    return {
      ...view(loop, seen),
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
