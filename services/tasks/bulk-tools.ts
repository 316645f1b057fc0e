// The tool that makes one change to many tasks, each by itself.
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError, ERROR_CODES } from '../../shared/contracts/define/errors.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { repeatable } from '../../shared/storage/idempotency.ts'
import { mongoFault } from '../../shared/storage/mongo.ts'
import { changeTask, type Requested, requireChange, targetOf } from './changes.ts'
import type { Entry } from './counter-store.ts'
import type { Deps, Some } from './deps.ts'
import { seesMany } from './visibility.ts'

/** Tasks worked on at once. */
const PARALLEL = 8

type Answer = Awaited<ReturnType<Some<'bulk_update_tasks'>['bulk_update_tasks']>>
type Result = Answer['results'][number]
type Outcome = Readonly<{ result: Result; entry: Entry | null; retryable: boolean; error?: AppError }>

const refused = (task_id: string, error: AppError): Outcome => ({
  result: {
    task_id,
    ok: false,
    changed: false,
    error: { code: error.code, message: error.message, hint: error.extras.hint },
  },
  entry: null,
  retryable: ERROR_CODES[error.code].retryable,
  error,
})

/**
 * A call that changed nothing, and would have with one more scope, is refused as a whole: only so can the caller be asked
 * for the scope. One that changed something has to say what.
 */
const refuseForScope = (outcomes: readonly Outcome[]): void => {
  if (outcomes.some(({ result }) => result.changed)) return
  const lacking = outcomes.find(({ error }) => error?.extras.details?.scope !== undefined)
  if (lacking?.error) throw lacking.error
}

const changeOne = async (deps: Deps, wanted: Requested, call: MemberCall): Promise<Outcome> => {
  try {
    if (call.remainingMs() <= 0)
      throw new AppError(
        'timeout',
        'The time of this call was over before this task’s turn; it was not changed.',
      )
    const { task, changed, entry } = await changeTask(deps, wanted, call)
    if (changed) deps.at('bulk_update_tasks.saved_one')
    return {
      result: { task_id: wanted.task_id, ok: true, changed, version: task.version },
      entry,
      retryable: false,
    }
  } catch (fault) {
    const error = fault instanceof AppError ? fault : mongoFault(fault)
    if (!error) throw fault
    return refused(wanted.task_id, error)
  }
}

const summarize = (results: readonly Result[]): Answer => ({
  results: [...results],
  updated: results.filter(({ changed }) => changed).length,
  unchanged: results.filter(({ ok, changed }) => ok && !changed).length,
  failed: results.filter(({ ok }) => !ok).length,
})

/** The tool for many tasks. */
export const bulkHandlers = (deps: Deps): Some<'bulk_update_tasks'> => ({
  bulk_update_tasks: async (input, call) => {
    const ws = call.caller.workspace_id
    const { task_ids, status, priority, loop_id } = input
    requireChange({ status, priority, loop_id })
    const request = repeatable(call.caller, 'bulk_update_tasks', input)
    const earlier = request && (await deps.requests.begin(ws, request))
    if (earlier) return earlier as Answer
    const target = targetOf(deps, loop_id, call)
    // A loop that cannot be the target refuses the whole call, before anything is changed.
    await target({ loop_id: null })
    const shared = { change: { status, priority }, target, sees: seesMany(deps, call), request }
    const outcomes = await inParallel([...new Set(task_ids)], PARALLEL, (task_id) =>
      changeOne(deps, { task_id, ...shared }, call),
    )
    await deps.tallies.count(
      'bulk_update_tasks',
      outcomes.map(({ entry }) => entry),
    )
    refuseForScope(outcomes)
    const answer = summarize(outcomes.map(({ result }) => result))
    // A repeat takes up what failed for the moment; each task remembers for itself that its change is made.
    if (request && !outcomes.some(({ retryable }) => retryable))
      await deps.requests.finish(ws, request, answer)
    return answer
  },
})
