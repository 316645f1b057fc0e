// Moving tasks into loops. Into one that is being formed, every task is reserved for it, or none; then, once the loop
// stands, they are moved, or freed if it never will. The loop's status decides which, so whoever finds a reservation can
// settle it. Into one that stands, see entering.ts.

import { LIMITS, type Visibility } from '../../shared/contracts/define/common.ts'
import type { Call } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { untilSaved } from '../../shared/storage/aggregate.ts'
import { PUBLIC } from './counter-rules.ts'
import type { Entry } from './counter-store.ts'
import type { Deps, Some } from './deps.ts'
import { editTask, locationIn, type Move } from './task-rules.ts'

/** Tasks worked on at once. */
const PARALLEL = 8
/** Reservations for one loop that are settled at once: those of its making, and of calls that are under way. */
const MAX_RESERVED = 10 * LIMITS.bulk_tasks

/** What operations have that ask no other service. */
export type Leaf = Pick<Deps, 'tasks' | 'tallies' | 'clock' | 'ids' | 'at'>
type Reserved = Readonly<{
  task_id: string
  outcome: 'reserved' | 'missing' | 'busy'
  moved_from: string | null
}>

const reserve = (
  deps: Leaf,
  ws: string,
  task_id: string,
  move: Move,
  privateLoops: ReadonlySet<string> | null,
): Promise<Reserved> =>
  untilSaved(async () => {
    const task = await deps.tasks.get(ws, task_id)
    const visible =
      task !== null && (task.acl === PUBLIC || privateLoops === null || privateLoops.has(task.acl))
    if (!visible) return { task_id, outcome: 'missing', moved_from: null }
    if (task.move?.entering) {
      // On its way into another loop: that move tries again. A new task is about to be settled in its loop.
      if (task.loop_id !== task.move.loop_id) await deps.tasks.takeOff(ws, task_id, task.move)
      return undefined
    }
    if (task.move !== null && task.move.loop_id !== move.loop_id)
      return { task_id, outcome: 'busy', moved_from: null }
    if (task.move === null && !(await deps.tasks.reserve(task, move))) return undefined
    deps.at('prepare_move.reserved')
    return { task_id, outcome: 'reserved', moved_from: task.loop_id }
  }, deps.ids.random)

const refuse = (outcomes: readonly Reserved[]): void => {
  const named = (outcome: Reserved['outcome']): string[] =>
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

/** Moves the tasks reserved for a loop while it was formed into it; how many. Repeats do no harm. */
const finishMove = async (
  deps: Leaf,
  ws: string,
  loop: Readonly<{ id: string; visibility: Visibility }>,
  call: Call,
): Promise<number> => {
  const place = locationIn(loop)
  const moveOne = (id: string): Promise<{ entry: Entry | null }> =>
    untilSaved(async () => {
      const before = await deps.tasks.get(ws, id)
      if (!before || before.move?.loop_id !== loop.id || before.move.entering) return { entry: null }
      const editor = { actor: before.move.by, may_approve: false }
      const decision = editTask(before, { place }, editor, deps.clock.now())
      if (!decision) {
        await deps.tasks.release(ws, loop.id, id)
        return { entry: null }
      }
      const saved = await deps.tasks.save(before, decision, { call }, before.move)
      if (saved) deps.at('finish_move.moved')
      return saved ?? undefined
    }, deps.ids.random)

  const reserved = await deps.tasks.listReserved(ws, loop.id, MAX_RESERVED)
  const forming = reserved.filter(({ move }) => !move.entering).map(({ _id }) => _id)
  const moved = await inParallel(forming, PARALLEL, moveOne)
  const entries = moved.flatMap(({ entry }) => entry ?? [])
  await deps.tallies.count('finish_move', entries)
  return entries.length
}

/**
 * Settles what is on its way into a loop that is shipped: from then on nothing is. Tasks that are in it stay and count;
 * those that have not moved yet will not.
 */
export const finishArrivals = async (
  deps: Leaf,
  ws: string,
  loop: Readonly<{ id: string; visibility: Visibility }>,
  call: Call,
): Promise<void> => {
  await finishMove(deps, ws, loop, call)
  for (let left = MAX_RESERVED; left === MAX_RESERVED; ) {
    const reserved = await deps.tasks.listReserved(ws, loop.id, MAX_RESERVED)
    await inParallel(reserved, PARALLEL, ({ _id, move }) => deps.tasks.takeOff(ws, _id, move))
    left = reserved.length
  }
}

/**
 * Settles reservations by what became of their loops: moves into those that stand, frees from those that never will.
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
    if (!loop) await deps.tasks.release(ws, id)
    else if (loop.status !== 'forming') await finishMove(deps, ws, loop, call)
  }
  return new Set(loops.filter(({ status }) => status === 'forming').map(({ id }) => id))
}

/** The two halves, as the loops-queue service asks for them. */
export const moveHandlers = (deps: Leaf): Some<'prepare_move' | 'finish_move'> => ({
  prepare_move: async ({ task_ids, loop_id, visible_private_loop_ids }, { caller }) => {
    if (!caller) throw new AppError('forbidden', 'Tasks are moved only on behalf of a person.')
    const ws = caller.workspace_id
    const move = { loop_id, at: deps.clock.now(), by: actorOf(caller) }
    const privateLoops = visible_private_loop_ids && new Set(visible_private_loop_ids)
    try {
      const outcomes = await inParallel([...new Set(task_ids)], PARALLEL, (id) =>
        reserve(deps, ws, id, move, privateLoops),
      )
      refuse(outcomes)
      return { moved: outcomes.map(({ task_id, moved_from }) => ({ task_id, moved_from })) }
    } catch (error) {
      await deps.tasks.release(ws, loop_id)
      throw error
    }
  },

  finish_move: async ({ workspace_id, loop_id, commit, visibility }, call) => {
    if (commit) return { tasks: await finishMove(deps, workspace_id, { id: loop_id, visibility }, call) }
    await deps.tasks.release(workspace_id, loop_id)
    return { tasks: 0 }
  },
})
