// Moves tasks into a loop that is being formed from them: all, or none.
//
// Every task is reserved for the loop first. Once the loop is active they move; if it never will be, they are released.
// The loop's status decides which, so whoever finds a reservation can finish it.

import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { Call } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { LoopRef } from '../../shared/contracts/tasks/shapes.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import { type Claimant, fence } from './claim-rules.ts'
import type { PendingChange } from './counter-store.ts'
import type { Deps, LeafDeps, Some } from './deps.ts'
import { editTask, type Reservation } from './task-rules.ts'
import { claimantOf } from './task-view.ts'
import { isSeen, locationIn, type SeesLoop, seesThese } from './visibility-rules.ts'

/** Tasks worked on at once. */
const PARALLEL = 8
/** Reservations for one loop that are finished at a time: those of its forming, and of calls that are under way. */
const MAX_RESERVED = 10 * LIMITS.bulk_tasks

type Loop = Pick<LoopRef, 'id' | 'visibility'>
type Outcome = Readonly<{
  task_id: string
  outcome: 'reserved' | 'missing' | 'busy'
  moved_from: string | null
}>

const reserve = (
  deps: LeafDeps,
  ws: string,
  task_id: string,
  reservation: Reservation,
  by: Claimant,
  sees: SeesLoop,
): Promise<Outcome> =>
  untilSaved(async () => {
    const task = await deps.tasks.get(ws, task_id)
    if (!task || !isSeen(task, sees)) return { task_id, outcome: 'missing', moved_from: null }
    if (task.move?.entering) {
      // On its way into another loop: that move tries again. A new task is left alone until its arrival is confirmed.
      if (task.loop_id !== task.move.loop_id) await deps.tasks.release(ws, task_id, task.move)
      return undefined
    }
    if (task.move !== null && task.move.loop_id !== reservation.loop_id)
      return { task_id, outcome: 'busy', moved_from: null }
    fence(task, { moves: true }, by, deps.database_clock.now())
    if (task.move === null && !(await deps.tasks.reserve(task, reservation))) return undefined
    deps.at('prepare_move.reserved')
    return { task_id, outcome: 'reserved', moved_from: task.loop_id }
  }, deps.ids.random)

/** @throws AppError `not_found` or `version_conflict`, naming the tasks that could not be reserved. */
const requireReserved = (outcomes: readonly Outcome[]): void => {
  const named = (outcome: Outcome['outcome']): string[] =>
    outcomes.filter((one) => one.outcome === outcome).map(({ task_id }) => task_id)
  const [missing, busy] = [named('missing'), named('busy')]
  if (missing.length > 0)
    throw new AppError(
      'not_found',
      `There is no task ${missing.join(', ')} that you can see; nothing was moved.`,
      {
        hint: 'Leave these ids out, or correct them, and call again.',
        details: { task_ids: missing },
      },
    )
  if (busy.length > 0)
    throw new AppError(
      'version_conflict',
      `Another call is moving ${busy.join(', ')} at this moment; nothing was moved.`,
      { hint: 'Try again in a moment.', retry_after_ms: 1_000, details: { task_ids: busy } },
    )
}

/** Moves one task that is reserved for a loop; returns what is to be counted. */
const moveReserved = (
  deps: LeafDeps,
  ws: string,
  id: string,
  loop: Loop,
  call: Call,
): Promise<{ pending: PendingChange | null }> =>
  untilSaved(async () => {
    const before = await deps.tasks.get(ws, id)
    if (!before || before.move?.loop_id !== loop.id || before.move.entering) return { pending: null }
    const editor = { actor: before.move.by, may_approve: false }
    const decision = editTask(before, { location: locationIn(loop) }, editor, deps.clock.now())
    if (!decision) {
      await deps.tasks.release(ws, id, before.move)
      return { pending: null }
    }
    const saved = await deps.tasks.save(before, decision, { call }, before.move)
    if (saved) deps.at('finish_move.moved')
    return saved ?? undefined
  }, deps.ids.random)

/** Moves the tasks that were reserved while the loop was formed; how many. Repeats do no harm. */
const finishMove = async (deps: LeafDeps, ws: string, loop: Loop, call: Call): Promise<number> => {
  const reserved = await deps.tasks.listReserved(ws, loop.id, MAX_RESERVED)
  const ids = reserved.filter(({ move }) => !move.entering).map(({ _id }) => _id)
  const moved = await inParallel(ids, PARALLEL, (id) => moveReserved(deps, ws, id, loop, call))
  const changes = moved.flatMap(({ pending }) => pending ?? [])
  await deps.counters.count('finish_move', changes)
  return changes.length
}

/**
 * Finishes every reservation for a loop that is shipped, so that its report can be made. Tasks that are in the loop stay
 * and count; those that have not moved yet will not.
 */
export const finishArrivals = async (deps: LeafDeps, ws: string, loop: Loop, call: Call): Promise<void> => {
  await finishMove(deps, ws, loop, call)
  for (let left = MAX_RESERVED; left === MAX_RESERVED; ) {
    const reserved = await deps.tasks.listReserved(ws, loop.id, MAX_RESERVED)
    await inParallel(reserved, PARALLEL, ({ _id, move }) => deps.tasks.release(ws, _id, move))
    left = reserved.length
  }
}

/**
 * Finishes moves by what became of their loops: into those that were formed, released from those that never will be.
 * @returns the ids of the loops that are still being formed: their tasks stay reserved.
 */
export const finishMoves = async (
  deps: Deps,
  ws: string,
  loopIds: readonly string[],
  call: Call,
): Promise<ReadonlySet<string>> => {
  const { loops } = await deps.loops.get_loop_states({ workspace_id: ws, loop_ids: [...loopIds] }, call)
  const states = new Map(loops.map((loop) => [loop.id, loop]))
  for (const id of loopIds) {
    const loop = states.get(id)
    if (!loop) await deps.tasks.releaseAll(ws, id)
    else if (loop.status !== 'forming') await finishMove(deps, ws, loop, call)
  }
  return new Set(loops.filter(({ status }) => status === 'forming').map(({ id }) => id))
}

/** The two halves of the move, as the loops-queue service calls them. */
export const moveHandlers = (deps: LeafDeps): Some<'prepare_move' | 'finish_move'> => ({
  prepare_move: async ({ task_ids, loop_id, visible_private_loop_ids }, { caller }) => {
    if (!caller) throw new AppError('forbidden', 'Tasks are moved only on behalf of a person.')
    const ws = caller.workspace_id
    const reservation = { loop_id, at: deps.clock.now(), by: actorOf(caller) }
    const sees = seesThese(visible_private_loop_ids)
    try {
      const outcomes = await inParallel([...new Set(task_ids)], PARALLEL, (id) =>
        reserve(deps, ws, id, reservation, claimantOf(caller), sees),
      )
      requireReserved(outcomes)
      return { moved: outcomes.map(({ task_id, moved_from }) => ({ task_id, moved_from })) }
    } catch (error) {
      await deps.tasks.releaseAll(ws, loop_id)
      throw error
    }
  },

  finish_move: async ({ workspace_id, loop_id, commit, visibility }, call) => {
    if (commit) return { tasks: await finishMove(deps, workspace_id, { id: loop_id, visibility }, call) }
    await deps.tasks.releaseAll(workspace_id, loop_id)
    return { tasks: 0 }
  },
})
