// Moves one task into a loop that exists.
//
// The loop belongs to another service and may ship at any moment. So the task is reserved for the loop first, and only
// then is the loop looked at: a loop that ships takes care of every reservation that it finds (finishArrivals). A task
// moves when the loop is found open. A new task is inserted in the loop with its reservation, and is withdrawn if the loop
// had shipped. Whoever releases a reservation has decided what comes of the task.

import type { Call, MemberCall } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import { notFound } from '../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import type { PendingChange } from './counter-store.ts'
import type { Deps } from './deps.ts'
import { type Reservation, withdrawTask } from './task-rules.ts'
import type { ReservedDoc, TaskDoc } from './task-store.ts'
import { type Location, openLocationIn } from './visibility-rules.ts'

/** The reservation for a move from one location to another; null when it needs none: into no loop, or into the same. */
export const reservationFor = (
  deps: Pick<Deps, 'ids' | 'clock'>,
  from: Pick<Location, 'loop_id'>,
  { loop_id }: Pick<Location, 'loop_id'>,
  { caller }: MemberCall,
): Reservation | null =>
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
 * Reserves a task for a loop, and checks that the loop is still open.
 * @returns false when the task has changed since `before`.
 * @throws AppError `invalid_transition` when the loop has shipped; then the task is as it was.
 */
export const reserveForLoop = async (
  deps: Deps,
  before: TaskDoc,
  reservation: Reservation,
  call: MemberCall,
): Promise<boolean> => {
  if (!(await deps.tasks.reserve(before, reservation))) return false
  deps.at('enter_loop.reserved')
  try {
    await requireOpen(deps, before.ws, reservation.loop_id, call)
  } catch (refusal) {
    await deps.tasks.release(before.ws, before._id, reservation)
    throw refusal
  }
  return true
}

/** Withdraws a new task; false when its reservation is released, so that the task stays. */
const withdraw = async (
  deps: Deps,
  ws: string,
  id: string,
  reservation: Reservation,
  call: Call,
): Promise<boolean> => {
  const pending = await untilSaved<PendingChange | null | false>(async () => {
    const before = await deps.tasks.get(ws, id)
    if (!before || before.move?.entering !== reservation.entering) return false
    const decision = withdrawTask(before, reservation.by, deps.clock.now())
    const saved = await deps.tasks.save(before, decision, { call }, reservation)
    return saved ? saved.pending : undefined
  }, deps.ids.random)
  if (pending === false) return false
  await deps.counters.count('withdraw_task', [pending])
  return true
}

/**
 * Checks that the loop of a new task was still open when the task came, and withdraws the task if it was not.
 * @throws AppError `invalid_transition` when the loop had shipped without the task.
 */
export const confirmArrival = async (
  deps: Deps,
  { ws, id }: Readonly<{ ws: string; id: string }>,
  reservation: Reservation,
  call: Call,
): Promise<void> => {
  try {
    await requireOpen(deps, ws, reservation.loop_id, call)
  } catch (refusal) {
    if (await withdraw(deps, ws, id, reservation, call)) throw refusal
    // The loop shipped with the task in it.
    return
  }
  await deps.tasks.release(ws, id, reservation)
}

/**
 * Finishes reservations that their makers left, or that are in another writer's way. A new task stays in an open loop and
 * is withdrawn from one that shipped without it. Any other task stays where it is; its mover, if still alive, tries again.
 */
export const finishReservations = async (
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
    else await deps.tasks.release(ws, _id, move)
}
