// Moving one task into a loop that stands. The loop is another service's and may ship at any moment, so the loop is
// looked at once more when the task already says where it is going: a loop that ships settles whatever says so
// (settleArrivals). A task that moves is reserved first and moves last. A new one is inserted in the loop, reserved;
// it is withdrawn if the loop had shipped. Whoever takes the reservation off has decided.

import type { Call, MemberCall } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import { notFound } from '../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../shared/storage/aggregate.ts'
import type { Location } from './counter-rules.ts'
import type { Entry } from './counter-store.ts'
import type { Deps } from './deps.ts'
import { type Move, openLocationIn, withdrawTask } from './task-rules.ts'
import type { ReservedDoc, TaskDoc } from './task-store.ts'

/** A reservation of a task for a place that it is not in yet; null when that is in no loop, or in the same. */
export const entryInto = (
  deps: Pick<Deps, 'ids' | 'clock'>,
  from: Pick<Location, 'loop_id'>,
  { loop_id }: Pick<Location, 'loop_id'>,
  { caller }: MemberCall,
): Move | null =>
  loop_id === null || loop_id === from.loop_id
    ? null
    : { loop_id, at: deps.clock.now(), by: actorOf(caller), entering: deps.ids.next() }

/** @throws AppError `invalid_transition` when the loop has shipped. */
const requireOpen = async ({ loops }: Pick<Deps, 'loops'>, ws: string, loop_id: string, call: Call) => {
  const [loop] = (await loops.get_loop_states({ workspace_id: ws, loop_ids: [loop_id] }, call)).loops
  if (!loop) throw notFound('loop', loop_id)
  openLocationIn(loop)
}

/**
 * Reserves a task for a loop and sees that the loop is still open.
 * @returns false when the task has changed since `before`.
 * @throws AppError `invalid_transition` when the loop has shipped; then the task is as it was.
 */
export const reserveEntry = async (
  deps: Deps,
  before: TaskDoc,
  move: Move,
  call: MemberCall,
): Promise<boolean> => {
  if (!(await deps.tasks.reserve(before, move))) return false
  deps.at('enter_loop.reserved')
  try {
    await requireOpen(deps, before.ws, move.loop_id, call)
  } catch (refusal) {
    await deps.tasks.takeOff(before.ws, before._id, move)
    throw refusal
  }
  return true
}

/** Withdraws a new task; false when its reservation is off, so that it stays. */
const withdraw = async (deps: Deps, ws: string, id: string, move: Move, call: Call): Promise<boolean> => {
  const entry = await untilSaved<Entry | null | false>(async () => {
    const before = await deps.tasks.get(ws, id)
    if (!before || before.move?.entering !== move.entering) return false
    const saved = await deps.tasks.save(
      before,
      withdrawTask(before, move.by, deps.clock.now()),
      { call },
      move,
    )
    return saved ? saved.entry : undefined
  }, deps.ids.random)
  if (entry === false) return false
  await deps.tallies.count('withdraw_task', [entry])
  return true
}

/**
 * Sees that the loop of a new task was still open when the task came, and withdraws the task if it was not.
 * @throws AppError `invalid_transition` when it had shipped without it.
 */
export const confirmEntry = async (
  deps: Deps,
  { ws, id }: Readonly<{ ws: string; id: string }>,
  move: Move,
  call: Call,
): Promise<void> => {
  try {
    await requireOpen(deps, ws, move.loop_id, call)
  } catch (refusal) {
    if (await withdraw(deps, ws, id, move, call)) throw refusal
    // It shipped with the task in it.
    return
  }
  await deps.tasks.takeOff(ws, id, move)
}

/**
 * Settles reservations that their makers have left, or that are in another writer's way: new tasks stay in a loop that
 * is open and are withdrawn from one that has shipped without them; others stay where they are, and their movers, if
 * they live, try again.
 */
export const finishEntries = async (
  deps: Deps,
  ws: string,
  tasks: readonly ReservedDoc[],
  call: Call,
): Promise<void> => {
  const loop_ids = [...new Set(tasks.map(({ move }) => move.loop_id))]
  const { loops } = await deps.loops.get_loop_states({ workspace_id: ws, loop_ids }, call)
  const shipped = new Set(loops.filter(({ status }) => status === 'shipped').map(({ id }) => id))
  for (const { _id, loop_id, move } of tasks)
    if (loop_id === move.loop_id && shipped.has(loop_id)) await withdraw(deps, ws, _id, move, call)
    else await deps.tasks.takeOff(ws, _id, move)
}
