// Imports what was read and cut to fit, in batches, as one person.
//
// It can be stopped anywhere and begun anew: every batch finds by refs and keys what is there. The status of a task and
// what it waits for come last, so that nobody begins work before its comments and blockers are there.
import type { Client, MemberCall } from '../contracts/define/contract.ts'
import { AppError, ERROR_CODES, textOf } from '../contracts/define/errors.ts'
import { jsonBytes } from '../contracts/define/page-bytes.ts'
import type { loopsQueue } from '../contracts/loops-queue/contract.ts'
import type { tasks as tasksContract } from '../contracts/tasks/contract.ts'
import { IMPORT_LIMITS, type ImportedTask } from '../contracts/tasks/imports.ts'
import { inParallel } from '../process/parallel.ts'
import { type Fitted, type FittedTask, fitComments, levelsOf, refName, reportRow } from './fit-rules.ts'
import { makeLoop, type OpenLoop, openLoopsByName, requireLoop } from './import-loops.ts'
import type { NoteCode, ParsedLoop, Row } from './shape-rules.ts'

/** The services that an import asks, and how. */
export type ImportDeps = Readonly<{
  tasks: Client<typeof tasksContract>
  loops: Client<typeof loopsQueue>
  /** A new call of the person, with its time. */
  callOf: () => MemberCall
  /** Waits between tries (ms). */
  pause: (ms: number) => Promise<void>
}>

/** What an import is asked to do. */
export type ImportOptions = Readonly<{
  /** Gives each task the status that it has in its source; the person may approve. */
  approve: boolean
  /** Changes nothing, and says what would be. */
  dry_run: boolean
  /** The loop for everything that is new; absent: the loops that the source names. */
  into?: string | undefined
  onProgress?: (done: number, total: number) => void
}>

/** What became of an import. */
export type ImportReport = Readonly<{
  created: number
  updated: number
  unchanged: number
  comments: number
  /** Loops that were made, or would be. */
  loops: readonly string[]
  rows: readonly Row[]
}>

/** The size of a request (bytes of JSON): a message of the bus holds 1 MB. */
const BATCH_BYTES = 400_000
/** Batches under way at once, where their order does not matter. */
const PARALLEL = 4
const RETRIES_MS = [200, 500, 1_000, 2_000, 5_000] as const
const FINISHED = ['shipped', 'rejected']

/** Items in batches that fit into a request. */
const batchesOf = <T>(items: readonly T[]): T[][] => {
  const batches: T[][] = []
  let left = 0
  for (const item of items) {
    left -= jsonBytes(item) + 1
    const last = batches.at(-1)
    if (last && left >= 0 && last.length < IMPORT_LIMITS.batch) last.push(item)
    else {
      batches.push([item])
      left = BATCH_BYTES - jsonBytes(item)
    }
  }
  return batches
}

/** One import that is under way. */
type Run = ImportDeps &
  ImportOptions &
  Readonly<{
    private_ids: readonly string[] | null
    rows: Row[]
    /** The tasks that there are now, by their refs. */
    ids: Map<string, string>
    counts: Record<'created' | 'updated' | 'unchanged' | 'comments', number>
    advance: (by: number) => void
  }>

/** Asks until there is an answer, while only the moment is to blame. Each of these requests may come twice. */
const asked = async <R>({ callOf, pause }: ImportDeps, ask: (call: MemberCall) => Promise<R>): Promise<R> => {
  for (let tries = 0; ; tries += 1)
    try {
      return await ask(callOf())
    } catch (error) {
      const wait_ms = RETRIES_MS[tries]
      if (!(error instanceof AppError) || !ERROR_CODES[error.code].retryable || wait_ms === undefined)
        throw error
      await pause(wait_ms)
    }
}

const toImported = (task: FittedTask, approve: boolean): ImportedTask => {
  const { status, comments: _, blocked_by, loop: __, ...fields } = task
  return {
    ...fields,
    finished: FINISHED.includes(status),
    further: blocked_by.length > 0 || (approve && status !== 'open'),
  }
}

type Result = Awaited<ReturnType<ImportDeps['tasks']['import_tasks']>>['results'][number]

/** What is to be said of what became of a task. */
const saidOf = (task: FittedTask, { outcome, kept = [], status }: Result): Row[] => {
  const codes: NoteCode[] =
    outcome === 'finished' || outcome === 'busy' || outcome === 'exported_here' ? [outcome] : []
  const fields = kept.filter((field) => field !== 'text')
  if (FINISHED.includes(task.status) && status !== undefined && !FINISHED.includes(status))
    codes.push('finished_since')
  if (kept.includes('text')) codes.push('in_work')
  return [
    ...codes.map((code) => reportRow(task, { code })),
    ...(fields.length > 0 ? [reportRow(task, { code: 'kept', detail: fields.join(', ') })] : []),
  ]
}

const take = (run: Run, batch: readonly FittedTask[], results: readonly Result[]): void => {
  for (const [n, task] of batch.entries()) {
    const result = results[n]
    if (!result) continue
    run.rows.push(...saidOf(task, result))
    const { outcome, task_id } = result
    if (outcome === 'created' || outcome === 'updated' || outcome === 'unchanged') {
      run.counts[outcome] += 1
      if (task_id !== undefined) run.ids.set(refName(task.ref), task_id)
    }
  }
  run.advance(batch.length)
}

/** Files or updates tasks. @param loop for those that are new. */
const importTasks = async (
  run: Run,
  tasks: readonly FittedTask[],
  loop: OpenLoop | undefined,
  dry_run: boolean,
): Promise<Result[]> => {
  const { approve, private_ids } = run
  const all: Result[] = []
  for (const batch of batchesOf(tasks)) {
    const input = {
      tasks: batch.map((task) => toImported(task, approve)),
      ...(loop ? { loop: { id: loop.id, visibility: loop.visibility } } : {}),
      visible_private_loop_ids: private_ids && [...private_ids],
      approve,
      dry_run,
    }
    const { results, arrival } = await asked(run, (call) => run.tasks.import_tasks(input, call))
    if (loop && arrival) await confirm(run, loop, arrival)
    all.push(...results)
    if (!dry_run || run.dry_run) take(run, batch, results)
  }
  return all
}

/** Lets new tasks stay in their loop, unless it has shipped meanwhile. Then they are taken back. */
const confirm = async (run: Run, loop: OpenLoop, arrival: string): Promise<void> => {
  const { loops } = await asked(run, (call) =>
    run.loops.get_loop_states({ workspace_id: call.caller.workspace_id, loop_ids: [loop.id] }, call),
  )
  if (loops[0]?.status === 'shipped' || !loops[0])
    throw new AppError('invalid_transition', `The loop “${loop.name}” shipped while tasks came into it.`, {
      hint: 'Import again: what is missing goes into another loop.',
    })
  await asked(run, (call) => run.tasks.confirm_import({ loop_id: loop.id, arrival }, call))
}

type Comment = Parameters<ImportDeps['tasks']['import_comments']>[0]['comments'][number]

const importComments = async (run: Run, comments: readonly Comment[]): Promise<void> => {
  await inParallel(batchesOf(comments), PARALLEL, async (batch) => {
    const input = { comments: batch, visible_private_loop_ids: run.private_ids && [...run.private_ids] }
    const { added } = await asked(run, (call) => run.tasks.import_comments(input, call))
    run.counts.comments += added
  })
}

/** The second step of one task. */
type Further = Readonly<{
  task: FittedTask
  further: Readonly<{ task_id: string; blocked_by: string[]; status?: FittedTask['status'] }>
}>

/** What tasks wait for, and the status that they arrive with. */
const furtherOf = ({ approve, ids, rows }: Run, tasks: readonly FittedTask[]): Further[] =>
  tasks.flatMap((task) => {
    const task_id = ids.get(refName(task.ref))
    if (task_id === undefined || !toImported(task, approve).further) return []
    for (const ref of task.blocked_by)
      if (!ids.has(refName(ref))) rows.push(reportRow(task, { code: 'blocker_finished', detail: ref.id }))
    const blocked_by = task.blocked_by.flatMap((ref) => ids.get(refName(ref)) ?? [])
    return [{ task, further: { task_id, blocked_by, ...(approve ? { status: task.status } : {}) } }]
  })

/**
 * Saves what tasks wait for, and the status that they arrive with: first those that wait for nothing, then those that wait
 * for these, and so on. So each finds its blockers as they stay, and no two of a batch have to do with each other.
 */
const finishTasks = async (run: Run, tasks: readonly FittedTask[]): Promise<void> => {
  const level = levelsOf(tasks)
  const byLevel = Map.groupBy(furtherOf(run, tasks), ({ task }) => level.get(refName(task.ref)) ?? 0)
  for (const [, some] of [...byLevel].sort(([a], [b]) => a - b))
    await inParallel(batchesOf(some), PARALLEL, async (batch) => {
      const input = {
        tasks: batch.map((one) => one.further),
        visible_private_loop_ids: run.private_ids && [...run.private_ids],
      }
      const { results } = await asked(run, (call) => run.tasks.finish_import(input, call))
      for (const [n, { refused }] of results.entries()) {
        const task = batch[n]?.task
        if (task && refused) run.rows.push(reportRow(task, { code: 'refused', detail: refused }))
      }
      run.advance(batch.length)
    })
}

type LoopPage = Awaited<ReturnType<ImportDeps['loops']['get_loop']>>

/** Adds the comments of a loop that are not there. */
const importLoopComments = async (
  run: Run,
  { id, visibility }: OpenLoop,
  parsed: ParsedLoop,
): Promise<void> => {
  if (!parsed.comments?.length || run.dry_run) return
  const texts = new Set<string>()
  for (let cursor: string | undefined; ; ) {
    const input = { loop_id: id, tasks_limit: 1, ...(cursor ? { comments_cursor: cursor } : {}) }
    const page: LoopPage = await asked(run, (call) => run.loops.get_loop(input, call))
    for (const { text } of page.comments) texts.add(text)
    if (page.comments_next_cursor === null) break
    cursor = page.comments_next_cursor
  }
  const own = new Set(parsed.comments.filter(({ text }) => texts.has(text)))
  const missing = fitComments(parsed.comments.filter((comment) => !own.has(comment)))
  await importComments(
    run,
    missing
      .filter(({ text }) => !texts.has(text))
      .map((comment) => ({ loop: { id, visibility }, ...comment })),
  )
}

/** The loop of the tasks that name it: the one with its name, or a new one if any of them is new. */
const loopFor = async (
  run: Run,
  parsed: ParsedLoop,
  tasks: readonly FittedTask[],
  known: Map<string, OpenLoop[]>,
  made: string[],
): Promise<OpenLoop | undefined> => {
  // Each loop stands for one of the file, where several have the same name.
  const there = known.get(parsed.name)?.shift()
  if (there) return there
  const isNew = ({ outcome }: Result) => outcome === 'created'
  // A loop with a visibility is one of ours, and comes in empty too.
  const needed =
    parsed.visibility !== undefined || (await importTasks(run, tasks, undefined, true)).some(isNew)
  if (!needed) return undefined
  made.push(parsed.name)
  const scope = tasks[0]?.ref.source ?? 'loops'
  return await asked(run, () => makeLoop(run.loops, parsed, scope, run.callOf))
}

/** Files or updates all tasks, loop by loop, those in none at last. @returns the loops that were made. */
const importAll = async (run: Run, { tasks, loops }: Fitted): Promise<string[]> => {
  const made: string[] = []
  if (run.into !== undefined) {
    const into = await asked(run, (call) => requireLoop(run.loops, run.into ?? '', call))
    await importTasks(run, tasks, into, run.dry_run)
    return made
  }
  const known = loops.length > 0 ? await asked(run, () => openLoopsByName(run.loops, run.callOf)) : new Map()
  const byLoop = Map.groupBy(tasks, ({ loop }) => loop)
  for (const parsed of loops) {
    const own = byLoop.get(parsed.key) ?? []
    byLoop.delete(parsed.key)
    if (run.dry_run) {
      await dryLoop(run, parsed, own, known, made)
      continue
    }
    const loop = await loopFor(run, parsed, own, known, made)
    await importTasks(run, own, loop, false)
    if (loop) await importLoopComments(run, loop, parsed)
  }
  for (const own of byLoop.values()) await importTasks(run, own, undefined, run.dry_run)
  return made
}

/** What would become of the tasks of a loop. */
const dryLoop = async (
  run: Run,
  parsed: ParsedLoop,
  tasks: readonly FittedTask[],
  known: Map<string, OpenLoop[]>,
  made: string[],
): Promise<void> => {
  const results = await importTasks(run, tasks, undefined, true)
  if (known.get(parsed.name)?.shift()) return
  if (parsed.visibility !== undefined || results.some(({ outcome }) => outcome === 'created'))
    made.push(parsed.name)
}

/**
 * Imports tasks with their comments, loops and dependencies, or says what would be.
 * @throws AppError `not_found` or `invalid_transition` for the loop; `forbidden`; what stopped it, with what to do next.
 */
export const runImport = async (
  deps: ImportDeps,
  fitted: Fitted,
  options: ImportOptions,
): Promise<ImportReport> => {
  const { loop_ids } = await asked(deps, (call) => deps.loops.list_private_loops({}, call))
  const further = fitted.tasks.filter((task) => toImported(task, options.approve).further).length
  const total = fitted.tasks.length + (options.dry_run ? 0 : further)
  let done = 0
  const run: Run = {
    ...deps,
    ...options,
    private_ids: loop_ids,
    rows: [...fitted.rows],
    ids: new Map(),
    counts: { created: 0, updated: 0, unchanged: 0, comments: 0 },
    advance: (by) => {
      done += by
      options.onProgress?.(done, total)
    },
  }
  const made = await importAll(run, fitted)
  if (!options.dry_run) {
    const comments = fitted.tasks.flatMap((task) => {
      const task_id = run.ids.get(refName(task.ref))
      return task_id === undefined ? [] : task.comments.map((comment) => ({ task_id, ...comment }))
    })
    await importComments(run, comments)
    await finishTasks(run, fitted.tasks)
  }
  return { ...run.counts, loops: made, rows: run.rows }
}

/** What stopped an import, and that it can be begun anew. */
export const stoppedBy = (error: AppError, done: number, total: number): string =>
  `${textOf(error)} ${done} of ${total} steps are done; import again to go on, nothing comes twice.`
