// create_task and create_tasks: new tasks, each filed once for one key.
import { actorOf, type MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError, ERROR_CODES, notFound, toItemError } from '../../shared/contracts/define/errors.ts'
import type { TaskRow } from '../../shared/contracts/tasks/shapes.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import {
  findRepeat,
  numbered,
  type Repeatable,
  repeatable,
  stillAtWork,
} from '../../shared/storage/idempotency.ts'
import { refusalOf } from '../../shared/storage/mongo.ts'
import { edgesAfter, syncAfter } from './blockers.ts'
import type { Deps, Some } from './deps.ts'
import { confirmArrival, finishReservations, reservationFor } from './move-into-loop.ts'
import { type Target, targetOf } from './task-changes.ts'
import { createTask, type NewTask } from './task-rules.ts'
import { toRow } from './task-view.ts'
import { type Sees, seesMany } from './visibility.ts'
import { NOWHERE } from './visibility-rules.ts'

/** Tasks created at once. */
const PARALLEL = 8

type Created = { task: TaskRow; replayed: boolean }

/** A new task as its caller asks for it. */
type Wanted = Readonly<{
  task: Pick<NewTask, 'title' | 'body' | 'priority' | 'labels'> &
    Readonly<{ due_date?: string | null | undefined; blocked_by?: readonly string[] | undefined }>
  target: Target
  sees: Sees
  request: Repeatable | undefined
}>

/**
 * The answer to an earlier request with the same key, or undefined when there was none.
 * @throws AppError `idempotency_conflict`; `not_found` when the task that it created was deleted since.
 */
const replayCreation = async (
  deps: Deps,
  ws: string,
  request: Repeatable | undefined,
  call: MemberCall,
): Promise<Created | undefined> => {
  if (!request) return undefined
  let task = await deps.tasks.findCreated(ws, request.key)
  if (task?.move?.entering) {
    await finishReservations(deps, ws, [{ ...task, move: task.move }], call)
    task = await deps.tasks.findCreated(ws, request.key)
  }
  const repeat = findRepeat(task?.created ? [task.created] : [], request)
  if (task?.deleted_at) throw notFound('task', task._id)
  return repeat && { ...(repeat.result as Created), replayed: true }
}

/**
 * Creates a task, once for its key.
 * @param step begins the names of the fault points, as for `counters.count`
 * @throws AppError `not_found` or `invalid_transition` for its loop; what `replayCreation` and `edgesAfter` throw.
 */
const createOne = async (
  deps: Deps,
  { task, target, sees, request }: Wanted,
  step: string,
  call: MemberCall,
): Promise<Created> => {
  const ws = call.caller.workspace_id
  const earlier = await replayCreation(deps, ws, request, call)
  if (earlier) return earlier
  const location = (await target({ loop_id: null })) ?? NOWHERE
  const [id, by, now] = [deps.ids.next(), actorOf(call.caller), deps.clock.now()]
  const { title, body, priority, due_date = null, labels } = task
  const blocked_by =
    task.blocked_by && (await edgesAfter(deps, { _id: id, ws }, { add: task.blocked_by }, sees))
  const { next, events } = createTask({
    id,
    ws,
    title,
    body,
    priority,
    due_date,
    labels,
    blocked_by,
    location,
    by,
    now,
  })
  const move = reservationFor(deps, NOWHERE, location, call)
  const answer: Created = { task: toRow({ ...next, v: 1 }), replayed: false }
  const created = request ? { ...request, at: now, result: answer } : null
  const pending = await deps.tasks.insert({ next: { ...next, created, move }, events }, { call })
  if (!pending) return (await replayCreation(deps, ws, request, call)) ?? Promise.reject(stillAtWork())
  await deps.counters.count(step, [pending])
  if (move) await confirmArrival(deps, { ws, id }, move, call)
  if (next.pending_sync) await syncAfter(deps, id, sees, call)
  return answer
}

type Answer = Awaited<ReturnType<Some<'create_tasks'>['create_tasks']>>
type Outcome = Readonly<{ result: Answer['results'][number]; replayed: boolean; retryable: boolean }>

/** Creates one of many tasks; a refusal is its result. */
const createAmong = async (deps: Deps, wanted: Wanted, call: MemberCall): Promise<Outcome> => {
  try {
    if (call.remainingMs() <= 0)
      throw new AppError(
        'timeout',
        'The time for this call ran out before this task’s turn; it was not created.',
      )
    const { task, replayed } = await createOne(deps, wanted, 'create_tasks', call)
    const { id, title, loop_id, version } = task
    return { result: { ok: true, task: { id, title, loop_id, version } }, replayed, retryable: false }
  } catch (fault) {
    const error = refusalOf(fault)
    return {
      result: { ok: false, error: toItemError(error) },
      replayed: false,
      retryable: ERROR_CODES[error.code].retryable,
    }
  }
}

const summarize = (outcomes: readonly Outcome[]): Answer => {
  const made = outcomes.filter(({ result }) => result.ok)
  return {
    results: outcomes.map(({ result }) => result),
    created: made.length,
    failed: outcomes.length - made.length,
    replayed: made.length > 0 && made.every(({ replayed }) => replayed),
  }
}

/** The handlers of the tools that create tasks. */
export const creationHandlers = (deps: Deps): Some<'create_task' | 'create_tasks'> => ({
  create_task: async (input, call) => {
    const { loop_id, idempotency_key: _, ...task } = input
    const request = repeatable(call.caller, 'create_task', input)
    return await createOne(
      deps,
      { task, target: targetOf(deps, loop_id, call), sees: seesMany(deps, call), request },
      'create_task',
      call,
    )
  },

  create_tasks: async (input, call) => {
    const ws = call.caller.workspace_id
    const request = repeatable(call.caller, 'create_tasks', input)
    const earlier = request && (await deps.requests.begin(ws, request))
    if (earlier) return { ...(earlier as Answer), replayed: true }
    // An impossible loop for all refuses the whole call, before anything is created.
    const common = targetOf(deps, input.loop_id, call)
    await common({ loop_id: null })
    const sees = seesMany(deps, call)
    const targets = new Map<string | undefined, Target>([[undefined, common]])
    const wanted = input.tasks.map(({ loop_id, ...task }, n): Wanted => {
      const target = targets.get(loop_id) ?? targetOf(deps, loop_id, call)
      targets.set(loop_id, target)
      return { task, target, sees, request: request && numbered(request, n) }
    })
    const outcomes = await inParallel(wanted, PARALLEL, (one) => createAmong(deps, one, call))
    const answer = summarize(outcomes)
    // A repeat tries again what failed only for the moment; each task remembers by itself that it was created.
    if (request && !outcomes.some(({ retryable }) => retryable))
      await deps.requests.finish(ws, request, answer)
    return answer
  },
})
