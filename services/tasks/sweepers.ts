// Finishes what a process left half done when it died: counts, moves, comments, deletions. Ends claims that nobody renewed.
// Also checks the counters, a few at a time.
import { ownCall } from '../../shared/bus/headers.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import { repeat } from '../../shared/process/lifecycle.ts'
import type { Upkeep } from '../../shared/storage/upkeep.ts'
import { syncLeft } from './blockers.ts'
import { MAX_EXPIRIES } from './claim-rules.ts'
import { warnedEvent } from './claim-warning-rules.ts'
import { expireTask } from './claimed-task-rules.ts'
import { pendingComment, postComments } from './claims.ts'
import type { Deps } from './deps.ts'
import { finishReservations } from './move-into-loop.ts'
import { finishMoves } from './move-into-new-loop.ts'

/** How often each sweeper looks for work (ms). */
const COUNT_EVERY_MS = 1_000
const MOVE_EVERY_MS = 1_000
const PURGE_EVERY_MS = 5_000
const EXPIRE_EVERY_MS = 1_000
const WARN_EVERY_MS = 5_000
const COMMENT_EVERY_MS = 1_000
const SYNC_EVERY_MS = 1_000
const RECOUNT_EVERY_MS = 10_000
/** How often a sweeper looks at least that finds nothing for a while (ms). What it looks for is rare: a process died. */
const IDLE_MS = 5_000
/** Counters checked at a time, by one replica. */
const RECOUNT_BATCH = 25
/** Pause when all have been checked, and after a check that failed (ms). */
const RECOUNT_PAUSE_MS = 60 * 60_000
/** Whoever made a reservation older than this has left it (ms). */
const MOVE_LEFT_AFTER_MS = 5_000
/** How long after its end a claim expires: a renewal that was under way then still counts (ms). */
const EXPIRY_MARGIN_MS = 2_000
/** A comment that still waits in its task after this time was left by whoever wrote it (ms). */
const COMMENT_LEFT_AFTER_MS = 5_000
/** Edges that still wait to be compared after this time were left by whoever changed them (ms). */
const SYNC_LEFT_AFTER_MS = 5_000
/** A deleted task keeps its comments this long, so that a comment which was under way is removed too (ms). */
const PURGE_AFTER_MS = 60_000
/** Documents per sweep. */
const BATCH = LIMITS.page
/** Batches of comments removed per task and sweep. */
const PURGE_ROUNDS = 20

/** What a task says when it is put on hold because its claims expire. */
const ON_HOLD_COMMENT = `Put on hold: ${MAX_EXPIRIES} claims in a row expired without being renewed. Whoever works on it does not come back. Look at the task, then set it to approved.`

const before = (deps: Deps, ms: number): Date => new Date(deps.clock.now().getTime() - ms)

/** Finishes reservations that were left, workspace by workspace. @returns whether there were any. */
const finishLeftMoves = async (deps: Deps): Promise<boolean> => {
  const left = await deps.tasks.listReservedBefore(before(deps, MOVE_LEFT_AFTER_MS), BATCH)
  for (const [ws, tasks] of Map.groupBy(left, (task) => task.ws)) {
    const call = ownCall(deps.clock, deps.ids.next())
    const entering = tasks.filter(({ move }) => move.entering)
    const forming = tasks.filter(({ move }) => !move.entering)
    if (entering.length > 0) await finishReservations(deps, ws, entering, call)
    if (forming.length > 0)
      await finishMoves(deps, ws, [...new Set(forming.map(({ move }) => move.loop_id))], call)
  }
  return left.length > 0
}

/** Ends the claims that nobody renewed. */
export const expireClaims = async (
  deps: Pick<Deps, 'tasks' | 'counters' | 'comments' | 'clock' | 'database_clock' | 'ids' | 'at' | 'log'>,
): Promise<void> => {
  const now = new Date((await deps.database_clock.sync()).getTime() - EXPIRY_MARGIN_MS)
  for (const { _id, ws } of await deps.tasks.listExpired(now, BATCH)) {
    const before = await deps.tasks.get(ws, _id)
    if (!before || before.move) continue
    const decision = expireTask(before, now)
    if (!decision) {
      if (before.claim) await deps.tasks.dropClaim(before, before.claim)
      continue
    }
    const call = ownCall(deps.clock, deps.ids.next())
    const { next } = decision
    const comment =
      next.status === 'on_hold' && before.claim
        ? pendingComment(deps, { ...before.claim.holder.actor, client: 'Loops' }, ON_HOLD_COMMENT)
        : undefined
    const saved = await deps.tasks.save(
      before,
      { ...decision, comment },
      { call },
      null,
      deps.tasks.isExpired(now),
    )
    if (!saved) continue
    deps.log.info('a claim was not renewed', {
      task_id: _id,
      attempt: before.claim?.attempt,
      status: next.status,
    })
    await deps.counters.count('expire_claim', [saved.pending])
    if (comment) await postComments(deps, before, [comment], call)
  }
}

/** Publishes which claims end soon unless they are renewed. */
export const warnOfExpiry = async (
  deps: Pick<Deps, 'tasks' | 'clock' | 'database_clock' | 'ids'>,
): Promise<void> => {
  for (const task of await deps.tasks.listExpiring(await deps.database_clock.sync(), BATCH)) {
    const event = warnedEvent(task)
    if (event) await deps.tasks.warn(task, event, { call: ownCall(deps.clock, deps.ids.next()) })
  }
}

/** Posts the comments that were left in their tasks. @returns whether there were any. */
const postLeftComments = async (deps: Deps): Promise<boolean> => {
  const left = await deps.tasks.listCommented(before(deps, COMMENT_LEFT_AFTER_MS), BATCH)
  for (const task of left)
    await postComments(deps, task, task.pending_comments ?? [], ownCall(deps.clock, deps.ids.next()))
  return left.length > 0
}

/** Removes what deleted tasks left: the comments, then their counter; the tombstone expires later. */
const purgeDeleted = async (deps: Deps): Promise<void> => {
  for (const task of await deps.tasks.listUnpurged(before(deps, PURGE_AFTER_MS), BATCH)) {
    let empty = false
    for (let round = 0; !empty && round < PURGE_ROUNDS; round += 1)
      empty = await deps.comments.purge(task.ws, task._id)
    if (!empty) continue
    deps.at('purge_task.comments_removed')
    await deps.counters.remove(task.ws, task._id)
    deps.at('purge_task.count_removed')
    await deps.tasks.expire(task, deps.clock.now())
  }
}

/** Checks some counters and repairs those that are wrong; of all replicas, one does. */
export const recountSome = async ({
  recount,
  clock,
  log,
}: Pick<Deps, 'recount' | 'clock' | 'log'>): Promise<void> => {
  const now = clock.now().getTime()
  const until = new Date(now + RECOUNT_PAUSE_MS)
  const after = await recount.take(new Date(now), until)
  if (after === null) return
  const { drifts, end } = await recount.check(after, RECOUNT_BATCH)
  for (const drift of drifts)
    if (await recount.repair(drift)) log.warn('counters were wrong and are repaired', { ...drift })
  await recount.moveOn(until, end ?? '', end === null ? until : new Date(now + RECOUNT_EVERY_MS))
}

/** Starts the sweepers. Of all replicas one does their work, but for the counts. */
export const startSweepers = (deps: Deps, upkeep: Upkeep): AsyncDisposable => {
  const options = { log: deps.log.child('sweep'), random: deps.ids.random }
  const every = (interval_ms: number, work: () => Promise<unknown>): AsyncDisposable =>
    upkeep.repeat(work, { ...options, interval_ms, idle_ms: IDLE_MS })
  const stack = new AsyncDisposableStack()
  // Each replica has to learn up to when everything is counted: only then may it forget what it has seen.
  const counting = { ...options, interval_ms: () => upkeep.shared(COUNT_EVERY_MS) }
  stack.use(repeat(() => deps.counters.sweep(), counting))
  stack.use(every(MOVE_EVERY_MS, () => finishLeftMoves(deps)))
  stack.use(every(EXPIRE_EVERY_MS, () => expireClaims(deps)))
  stack.use(every(WARN_EVERY_MS, () => warnOfExpiry(deps)))
  stack.use(every(COMMENT_EVERY_MS, () => postLeftComments(deps)))
  const callOf = () => ownCall(deps.clock, deps.ids.next())
  stack.use(every(SYNC_EVERY_MS, () => syncLeft(deps, before(deps, SYNC_LEFT_AFTER_MS), BATCH, callOf)))
  stack.use(every(PURGE_EVERY_MS, () => purgeDeleted(deps)))
  stack.use(every(RECOUNT_EVERY_MS, () => recountSome(deps)))
  return stack
}
