// Changes one task: what update_task, bulk_update_tasks and delete_task have in common.

import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import type { TaskRow } from '../../shared/contracts/tasks/shapes.ts'
import type { Because } from '../../shared/storage/aggregate.ts'
import { changeByRequest, MAX_TRIES } from '../../shared/storage/command.ts'
import type { Repeatable } from '../../shared/storage/idempotency.ts'
import { withdrawsApproval } from './approval-rules.ts'
import { type EdgeChange, edgesAfter, refuseBlocked, syncAfter } from './blockers.ts'
import { fence } from './claim-rules.ts'
import { editClaimed } from './claimed-task-rules.ts'
import { newClaim, renewByWrite } from './claims.ts'
import type { PendingChange } from './counter-store.ts'
import type { Deps } from './deps.ts'
import { statusTerm } from './limit-rules.ts'
import { finishReservations, reservationFor, reserveForLoop } from './move-into-loop.ts'
import { finishMoves } from './move-into-new-loop.ts'
import { deleteTask, type TaskChange } from './task-rules.ts'
import type { TaskDoc } from './task-store.ts'
import { claimantOf, editorOf, toRow } from './task-view.ts'
import { findLoop, loadVisible, type Sees } from './visibility.ts'
import { type Location, NOWHERE, openLocationIn } from './visibility-rules.ts'

/** Where a change moves a task; undefined: it stays. Asks for the loop once, however often the change is tried. */
export type Target = (before: Pick<TaskDoc, 'loop_id'>) => Promise<Location | undefined>

/**
 * The target that a caller named. Only for a task that is not in the loop already is the loop looked at, and once more when
 * the task is reserved for it (move-into-loop.ts).
 * @throws (the target) AppError `not_found` for an invisible loop, `invalid_transition` for a shipped one.
 */
export const targetOf = (deps: Deps, loop_id: string | null | undefined, call: MemberCall): Target => {
  let asked: Promise<Location> | undefined
  const ask = async (id: string): Promise<Location> => {
    const loop = await findLoop(deps, id, call)
    if (!loop) throw notFound('loop', id)
    return openLocationIn(loop)
  }
  return async (before) => {
    if (loop_id === undefined || loop_id === before.loop_id) return undefined
    if (loop_id === null) return NOWHERE
    asked ??= ask(loop_id)
    return await asked
  }
}

/** A change that a person asks for. */
export type Requested = Readonly<{
  task_id: string
  change: Omit<TaskChange, 'location' | 'blocked_by'>
  blocked_by?: EdgeChange | undefined
  target: Target
  sees: Sees
  expected_version?: number | undefined
  claim_id?: string | undefined
  request?: Repeatable | undefined
}>
/** What came of it: the answer, and what is still to be counted. */
export type Changed = Readonly<{
  task: TaskRow
  changed: boolean
  approval_withdrawn?: true
  pending: PendingChange | null
}>

/** The refusal of a change of a task that stays reserved for longer than such a move takes. */
const beingMoved = (): AppError =>
  new AppError('version_conflict', 'Another call is moving this task into a new loop at this moment.', {
    hint: 'Try again in a moment.',
    retry_after_ms: 1_000,
  })

/**
 * A task that can be written: visible, and not reserved for a loop. Undefined: try again.
 * @throws AppError `not_found`; `version_conflict` when its loop is still being formed at the last try.
 */
export const loadForWrite = async (
  deps: Deps,
  call: MemberCall,
  { task_id, sees }: Pick<Requested, 'task_id' | 'sees'>,
  tries: number,
): Promise<TaskDoc | undefined> => {
  const ws = call.caller.workspace_id
  const before = await loadVisible(deps, ws, task_id, sees)
  if (!before.move) return before
  if (before.move.entering) {
    await finishReservations(deps, ws, [{ ...before, move: before.move }], call)
    return undefined
  }
  const forming = await finishMoves(deps, ws, [before.move.loop_id], call)
  if (forming.size > 0 && tries >= MAX_TRIES - 1) throw beingMoved()
  return undefined
}

/**
 * Changes a task.
 * @throws AppError `claimed`, `claim_lost`, `not_found`, `forbidden`, `invalid_transition`, `version_conflict`, `idempotency_conflict`.
 */
export const changeTask = async (deps: Deps, asked: Requested, call: MemberCall): Promise<Changed> => {
  const { request, expected_version } = asked
  let written: TaskDoc | undefined
  const decide = async (before: TaskDoc) => {
    const blocked_by = asked.blocked_by && (await edgesAfter(deps, before, asked.blocked_by, asked.sees))
    await refuseBlocked(deps, before, asked.change.status, asked.sees, blocked_by)
    const change = { ...asked.change, blocked_by, location: await asked.target(before) }
    const decision = editClaimed(
      before,
      change,
      claimantOf(call.caller, asked),
      newClaim(deps, call, { ttl_seconds: statusTerm(call.caller), bounded: false }),
      deps.clock.now(),
    )
    if (!decision) return { result: { task: toRow(before), changed: false } }
    return {
      result: {
        task: toRow({ ...decision.next, v: before.v + 1 }),
        changed: true,
        ...(withdrawsApproval(before, decision.next) ? { approval_withdrawn: true as const } : {}),
      },
      save: async (because: Because) => {
        const reservation = reservationFor(deps, before, decision.next, call)
        if (reservation && !(await reserveForLoop(deps, before, reservation, call))) return null
        written = { ...before, ...decision.next }
        return await deps.tasks.save(before, decision, because, reservation)
      },
    }
  }
  const { result, saved } = await changeByRequest(
    deps.tasks,
    { call, request, expected_version },
    async (tries) => {
      const before = await loadForWrite(deps, call, asked, tries)
      // Strict: two agents that set one task to in_progress must not both believe that the work is theirs.
      return before && { document: before, decide: () => decide(before), strict: true }
    },
    deps.ids.random,
  )
  if (saved && written) await renewByWrite(deps, written, call.caller)
  if (saved?.unsynced) await syncAfter(deps, asked.task_id, asked.sees, call)
  return { ...result, pending: saved?.pending ?? null }
}

/**
 * Deletes a task: with this one write it is gone for every reader.
 * @throws AppError `claimed`, `not_found`, `version_conflict`.
 */
export const removeTask = async (
  deps: Deps,
  asked: Pick<Requested, 'task_id' | 'sees' | 'expected_version'>,
  call: MemberCall,
): Promise<PendingChange | null> => {
  const { saved } = await changeByRequest(
    deps.tasks,
    { call, expected_version: asked.expected_version },
    async (tries) => {
      const before = await loadForWrite(deps, call, asked, tries)
      if (!before) return undefined
      fence(before, { moves: true }, claimantOf(call.caller), deps.database_clock.now())
      const decision = deleteTask(before, editorOf(call.caller).actor, deps.clock.now())
      const save = (because: Because) => deps.tasks.save(before, decision, because)
      return { document: before, decide: async () => ({ result: null, save }) }
    },
    deps.ids.random,
  )
  if (saved?.unsynced) await syncAfter(deps, asked.task_id, asked.sees, call)
  return saved?.pending ?? null
}
