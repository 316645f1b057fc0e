// What this service finishes on its own account when a process died in the middle: counts, moves, deletions. And a look
// now and then whether the counts are right.
import { ownCall } from '../../shared/bus/headers.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import { repeat } from '../../shared/process/lifecycle.ts'
import type { Deps } from './deps.ts'
import { finishEntries } from './entering.ts'
import { finishMoves } from './moves.ts'

/** How often each looks for work (ms). */
const COUNT_EVERY_MS = 1_000
const SETTLE_EVERY_MS = 1_000
const PURGE_EVERY_MS = 5_000
/** Counters that are checked at a time, over all replicas, and the pause when all have been (ms); also after a failure. */
const RECOUNT_EVERY_MS = 10_000
const RECOUNT_BATCH = 25
const RECOUNT_CYCLE_MS = 60 * 60_000
/** Reservations older than this have been left by whoever made them (ms). */
const MOVE_LEFT_AFTER_MS = 5_000
/** A deleted task keeps its comments this long, so that one which was under way then is removed too (ms). */
const PURGE_AFTER_MS = 60_000
/** Documents per look. */
const BATCH = LIMITS.page
/** Batches of comments removed per task and look. */
const PURGE_ROUNDS = 20

const before = (deps: Deps, ms: number): Date => new Date(deps.clock.now().getTime() - ms)

/** Settles reservations that were left, workspace by workspace. */
const settleLeftMoves = async (deps: Deps): Promise<void> => {
  const left = await deps.tasks.listReservedBefore(before(deps, MOVE_LEFT_AFTER_MS), BATCH)
  for (const [ws, tasks] of Map.groupBy(left, (task) => task.ws)) {
    const call = ownCall(deps.clock, deps.ids.next())
    const entering = tasks.filter(({ move }) => move.entering)
    const forming = tasks.filter(({ move }) => !move.entering)
    if (entering.length > 0) await finishEntries(deps, ws, entering, call)
    if (forming.length > 0)
      await finishMoves(deps, ws, [...new Set(forming.map(({ move }) => move.loop_id))], call)
  }
}

/** Removes what deleted tasks have left: comments and their count, then all but a mark that time removes. */
const purgeDeleted = async (deps: Deps): Promise<void> => {
  for (const task of await deps.tasks.listUnpurged(before(deps, PURGE_AFTER_MS), BATCH)) {
    let empty = false
    for (let round = 0; !empty && round < PURGE_ROUNDS; round += 1)
      empty = await deps.comments.purge(task.ws, task._id)
    if (!empty) continue
    deps.at('purge_task.comments_removed')
    await deps.tallies.remove(task.ws, task._id)
    deps.at('purge_task.count_removed')
    await deps.tasks.expire(task, deps.clock.now())
  }
}

/** Checks some counters and mends those that are wrong, a little at a time and on one replica. */
export const recountSome = async ({
  recount,
  clock,
  log,
}: Pick<Deps, 'recount' | 'clock' | 'log'>): Promise<void> => {
  const now = clock.now().getTime()
  const until = new Date(now + RECOUNT_CYCLE_MS)
  const after = await recount.take(new Date(now), until)
  if (after === null) return
  const { drifts, end } = await recount.look(after, RECOUNT_BATCH)
  for (const drift of drifts)
    if (await recount.repair(drift)) log.warn('counters were wrong and are mended', { ...drift })
  await recount.goOn(until, end ?? '', end === null ? until : new Date(now + RECOUNT_EVERY_MS))
}

/** Starts the sweepers. */
export const startSweepers = (deps: Deps): AsyncDisposable => {
  const log = deps.log.child('sweep')
  const every = (interval_ms: number, work: () => Promise<void>): AsyncDisposable =>
    repeat(work, { interval_ms, log, random: deps.ids.random })
  const stack = new AsyncDisposableStack()
  stack.use(every(COUNT_EVERY_MS, () => deps.tallies.sweep()))
  stack.use(every(SETTLE_EVERY_MS, () => settleLeftMoves(deps)))
  stack.use(every(PURGE_EVERY_MS, () => purgeDeleted(deps)))
  stack.use(every(RECOUNT_EVERY_MS, () => recountSome(deps)))
  return stack
}
