// bulk_update_tasks: makes one change to many tasks, each by itself.
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError, ERROR_CODES, toItemError } from '../../shared/contracts/define/errors.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { requireChange } from '../../shared/storage/command.ts'
import { repeatable } from '../../shared/storage/idempotency.ts'
import { refusalOf } from '../../shared/storage/mongo.ts'
import type { PendingChange } from './counter-store.ts'
import type { Deps, Some } from './deps.ts'
import { changeTask, type Requested, targetOf } from './task-changes.ts'
import { seesMany } from './visibility.ts'

/** Tasks worked on at once. */
const PARALLEL = 8

type Answer = Awaited<ReturnType<Some<'bulk_update_tasks'>['bulk_update_tasks']>>
type Result = Answer['results'][number]
type Outcome = Readonly<{
  result: Result
  pending: PendingChange | null
  retryable: boolean
  error?: AppError
}>

const refused = (task_id: string, error: AppError): Outcome => ({
  result: {
    task_id,
    ok: false,
    changed: false,
    error: toItemError(error),
  },
  pending: null,
  retryable: ERROR_CODES[error.code].retryable,
  error,
})

/**
 * Refuses a call as a whole when it changed nothing and would have with one more scope: only then is the client asked for
 * the scope. A call that changed something has to say what.
 */
const refuseForScope = (outcomes: readonly Outcome[]): void => {
  if (outcomes.some(({ result }) => result.changed)) return
  const refusedForScope = outcomes.find(({ error }) => error?.extras.details?.scope !== undefined)
  if (refusedForScope?.error) throw refusedForScope.error
}

const changeOne = async (deps: Deps, asked: Requested, call: MemberCall): Promise<Outcome> => {
  try {
    if (call.remainingMs() <= 0)
      throw new AppError(
        'timeout',
        'The time for this call ran out before this task’s turn; it was not changed.',
      )
    const { task, changed, pending } = await changeTask(deps, asked, call)
    if (changed) deps.at('bulk_update_tasks.saved_one')
    return {
      result: { task_id: asked.task_id, ok: true, changed, version: task.version },
      pending,
      retryable: false,
    }
  } catch (fault) {
    return refused(asked.task_id, refusalOf(fault))
  }
}

const summarize = (results: readonly Result[]): Answer => ({
  results: [...results],
  updated: results.filter(({ changed }) => changed).length,
  unchanged: results.filter(({ ok, changed }) => ok && !changed).length,
  failed: results.filter(({ ok }) => !ok).length,
})

/**
 * The version that each task is expected to have; of a task that is named twice, the first one given.
 * @throws AppError `invalid_argument` when there are more or fewer versions than tasks.
 */
const versionsOf = ({
  task_ids,
  expected_versions,
}: Readonly<{ task_ids: readonly string[]; expected_versions?: readonly number[] | undefined }>) => {
  if (expected_versions && expected_versions.length !== task_ids.length) {
    const message = `There are ${expected_versions.length} expected_versions for ${task_ids.length} task_ids.`
    throw new AppError('invalid_argument', message, {
      hint: 'Give one version for each of task_ids, in their order, or leave expected_versions out.',
      details: { field: 'expected_versions' },
    })
  }
  return (task_id: string): number | undefined => expected_versions?.[task_ids.indexOf(task_id)]
}

/** The handler of bulk_update_tasks. */
export const bulkHandlers = (deps: Deps): Some<'bulk_update_tasks'> => ({
  bulk_update_tasks: async (input, call) => {
    const ws = call.caller.workspace_id
    const { task_ids, status, priority, loop_id } = input
    requireChange({ status, priority, loop_id })
    const versionOf = versionsOf(input)
    const request = repeatable(call.caller, 'bulk_update_tasks', input)
    const earlier = request && (await deps.requests.begin(ws, request))
    if (earlier) return earlier as Answer
    const target = targetOf(deps, loop_id, call)
    // An impossible target refuses the whole call, before anything is changed.
    await target({ loop_id: null })
    const shared = { change: { status, priority }, target, sees: seesMany(deps, call), request }
    const outcomes = await inParallel([...new Set(task_ids)], PARALLEL, (task_id) =>
      changeOne(deps, { task_id, expected_version: versionOf(task_id), ...shared }, call),
    )
    await deps.counters.count(
      'bulk_update_tasks',
      outcomes.map(({ pending }) => pending),
    )
    refuseForScope(outcomes)
    const answer = summarize(outcomes.map(({ result }) => result))
    // A repeat tries again what failed only for the moment; each task remembers by itself that it was changed.
    if (request && !outcomes.some(({ retryable }) => retryable))
      await deps.requests.finish(ws, request, answer)
    return answer
  },
})
