// Imports tasks and their comments. Leaves: they call no other service.
//
// An import is many calls, and may end at any of them. Each is done by refs and keys, so that whoever begins anew finds
// what is there. A task whose status or blockers follow waits as `open` until finish_import saves them in one write; that it
// did is noted with it.
import { actorOf, type Call, type MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { includesScope } from '../../shared/contracts/define/scopes.ts'
import type { ImportedTask, ImportOutcome } from '../../shared/contracts/tasks/imports.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import { edgesAfter, syncBlocking } from './blockers.ts'
import type { CommentStore } from './comment-store.ts'
import type { PendingChange } from './counter-store.ts'
import type { LeafDeps, Some } from './deps.ts'
import { digestOf, reimport, sameSeen, seenOf } from './import-rules.ts'
import { createTask, editTask } from './task-rules.ts'
import type { TaskDoc } from './task-store.ts'
import { addedEvent } from './task-view.ts'
import { isPrivate, isSeen, type Location, locationIn, NOWHERE, seesThese } from './visibility-rules.ts'

/** Tasks worked on at once. */
const PARALLEL = 16
/** Tasks of one ref, in as many private loops, that are looked past. */
const MAX_SAME_REF = 100

type Input = Parameters<Some<'import_tasks'>['import_tasks']>[0]
type Result = Awaited<ReturnType<Some<'import_tasks'>['import_tasks']>>['results'][number]
type Step = Readonly<{ result: Result; pending: PendingChange | null }>

/** One call of an import. */
type Run = Readonly<{
  input: Input
  call: MemberCall
  location: Location
  /** Marks the new tasks until confirm_import. */
  arrival: string
  /** By ref, those that the caller sees, and how many there are besides. */
  found: ReadonlyMap<string, Readonly<{ task?: TaskDoc; hidden: number }>>
  /** Tasks that were filed in this workspace and exported from it. */
  exported: ReadonlySet<string>
}>

/** @throws AppError `forbidden` unless a person asks who may write, and approve where they ask for that. */
const requireWriter = (call: Call, approve = false): MemberCall => {
  const scope = approve ? 'loops:approve' : 'loops:write'
  if (call.caller === null) throw new AppError('forbidden', 'This operation is only for a person’s request.')
  for (const needed of ['loops:write', scope] as const)
    if (!includesScope(call.caller.scopes, needed))
      throw new AppError('forbidden', `This needs the scope ${needed}.`, { details: { scope: needed } })
  return call as MemberCall
}

const nameOf = ({ source, id }: ImportedTask['ref']): string => `${source}\n${id}`

const step = (outcome: ImportOutcome, task_id?: string): Step => ({
  result: { outcome, ...(task_id ? { task_id } : {}) },
  pending: null,
})

/** What is known of these refs, as the caller sees it. */
const lookUp = async (deps: LeafDeps, ws: string, input: Input): Promise<Pick<Run, 'found' | 'exported'>> => {
  const refs = input.tasks.map(({ ref }) => ref)
  const sees = seesThese(input.visible_private_loop_ids)
  const own = refs.filter(({ source }) => source === 'loops').map(({ id }) => id)
  const [tasks, here] = await Promise.all([
    deps.tasks.findImported(ws, refs),
    own.length > 0 ? deps.tasks.findRefs(ws, own) : [],
  ])
  const groups = Map.groupBy(tasks, ({ imported }) => (imported ? nameOf(imported) : ''))
  return {
    exported: new Set(here.filter((task) => isSeen(task, sees)).map(({ _id }) => _id)),
    found: new Map(
      [...groups].map(([name, all]) => {
        const seen = all.filter((task) => isSeen(task, sees)).sort((a, b) => (a._id < b._id ? -1 : 1))
        return [name, { ...(seen[0] ? { task: seen[0] } : {}), hidden: all.length - seen.length }]
      }),
    ),
  }
}

/** Files a new task; undefined when another call was first. */
const file = async (
  deps: LeafDeps,
  { call, location, arrival }: Run,
  { ref, further, links, ...task }: ImportedTask,
  id: string,
  n: number,
): Promise<Step | undefined> => {
  const [by, now] = [actorOf(call.caller), deps.clock.now()]
  const { title, body, priority, due_date, labels } = task
  const made = {
    id,
    ws: call.caller.workspace_id,
    title,
    body,
    priority,
    due_date,
    labels,
    location,
    by,
    now,
  }
  const { next, events } = createTask(made)
  const { loop_id } = location
  const move = loop_id === null ? null : { loop_id, at: now, by, entering: arrival }
  const imported = { ...ref, n, seen: seenOf({ ...task, further }) }
  const pending = await deps.tasks.insert(
    { next: { ...next, ...(links ? { links } : {}), move, imported }, events },
    { call },
  )
  if (!pending) return undefined
  deps.at('import_tasks.filed_one')
  return { ...step('created', id), pending }
}

/** Updates a task that came before; undefined when it has changed meanwhile. */
const update = async (
  deps: LeafDeps,
  { input, call }: Run,
  before: TaskDoc,
  wanted: ImportedTask,
): Promise<Step | undefined> => {
  const known = before.imported
  if (!known) return undefined
  const { change, kept, seen } = reimport(before, wanted, input.approve)
  const imported = { ...known, seen }
  const editor = { actor: actorOf(call.caller), may_approve: input.approve }
  const decision = editTask(before, change, editor, deps.clock.now())
  const answer = (outcome: ImportOutcome, pending: PendingChange | null = null): Step => ({
    result: {
      outcome,
      task_id: before._id,
      status: decision?.next.status ?? before.status,
      ...(kept.length > 0 ? { kept: [...kept] } : {}),
    },
    pending,
  })
  if (input.dry_run) return answer(decision ? 'updated' : 'unchanged')
  if (!decision) {
    const noted = sameSeen(seen, known.seen) || (await deps.tasks.noteImported(before, imported))
    return noted ? answer('unchanged') : undefined
  }
  if (before.move) return step('busy', before._id)
  const { next, events } = decision
  const saved = await deps.tasks.save(before, { next: { ...next, imported }, events }, { call })
  if (!saved) return undefined
  deps.at('import_tasks.updated_one')
  return answer('updated', saved.pending)
}

/** Files or updates one task. @param id for it, if it is new. */
const importOne = async (deps: LeafDeps, run: Run, task: ImportedTask, id: string): Promise<Step> => {
  const { input, call } = run
  const ws = call.caller.workspace_id
  if (task.ref.source === 'loops' && run.exported.has(task.ref.id)) return step('exported_here', task.ref.id)
  let known = run.found.get(nameOf(task.ref))
  let n = known?.hidden ?? 0
  return await untilSaved(
    async (tries) => {
      if (tries > 0) {
        const { found } = await lookUp(deps, ws, { ...input, tasks: [task] })
        known = found.get(nameOf(task.ref))
        n = Math.max(n + 1, known?.hidden ?? 0) % MAX_SAME_REF
      }
      if (known?.task) return await update(deps, run, known.task, task)
      if (task.finished && !input.approve) return step('finished')
      if (input.dry_run) return step('created')
      return await file(deps, run, task, id, n)
    },
    deps.ids.random,
    { remainingMs: call.remainingMs },
  )
}

type Comments = Parameters<Some<'import_comments'>['import_comments']>[0]['comments']

/** Adds one comment; null when it is there, or what it is on is gone. */
const addComment = async (
  deps: LeafDeps,
  { comment, id }: Readonly<{ comment: Comments[number]; id: string }>,
  task: TaskDoc | undefined,
  call: MemberCall,
): Promise<PendingChange | null> => {
  const { loop, key, text, kind } = comment
  const parent = task?._id ?? loop?.id
  if (parent === undefined) return null
  const at = deps.clock.now()
  const document: Parameters<CommentStore['insert']>[0] = {
    _id: id,
    ws: call.caller.workspace_id,
    parent,
    task_id: task?._id ?? null,
    loop_id: task ? null : parent,
    author: actorOf(call.caller),
    text,
    ...(kind ? { kind } : {}),
    created_at: at,
    created: { key: `imported ${digestOf([parent, key])}`, hash: '', at, result: null },
  }
  const hidden = task ? isPrivate(task) : loop?.visibility === 'private'
  const pending = await deps.comments.insert(document, addedEvent(document, hidden), { call })
  if (pending) deps.at('import_comments.added_one')
  return pending
}

type Further = Parameters<Some<'finish_import'>['finish_import']>[0]['tasks'][number]

/** Saves what a task waits for in its source and the status that it arrives with; once for each state of the source. */
const finishOne = async (
  deps: LeafDeps,
  { task_id, blocked_by, status }: Further,
  visible: readonly string[] | null,
  call: MemberCall,
): Promise<PendingChange | null> => {
  const ws = call.caller.workspace_id
  const sees = async (loop_id: string): Promise<boolean> => seesThese(visible)(loop_id)
  const saved = await untilSaved(async () => {
    const before = await deps.tasks.get(ws, task_id)
    if (!before?.imported || !isSeen(before, seesThese(visible))) return { pending: null }
    const settled = before.imported.seen.blocked_by
    const seen = { ...before.imported.seen, blocked_by: digestOf(blocked_by) }
    if (settled === seen.blocked_by) return { pending: null }
    if (before.move) return undefined
    const change = {
      blocked_by: await edgesAfter(deps, before, { add: blocked_by }, sees),
      ...(status && settled === undefined && before.status === 'open' ? { status } : {}),
    }
    const editor = { actor: actorOf(call.caller), may_approve: status !== undefined }
    const decision = editTask(before, change, editor, deps.clock.now()) ?? { next: before, events: [] }
    const imported = { ...before.imported, seen }
    return await deps.tasks.save(before, { ...decision, next: { ...decision.next, imported } }, { call })
  }, deps.ids.random)
  deps.at('finish_import.saved_one')
  const { cycle } = await syncBlocking(deps, { _id: task_id, ws }, call)
  if (cycle) throw new AppError('invalid_argument', 'Tasks would wait for each other.')
  return saved?.pending ?? null
}

/** The handlers of the first half: tasks come in, and stay in their loop. */
const arrivalHandlers = (deps: LeafDeps): Some<'import_tasks' | 'confirm_import'> => ({
  import_tasks: async (input, asked) => {
    const call = requireWriter(asked, input.approve)
    const ws = call.caller.workspace_id
    const location = input.loop ? locationIn(input.loop) : NOWHERE
    const run = { input, call, location, arrival: deps.ids.next(), ...(await lookUp(deps, ws, input)) }
    // Ids first, so that the tasks keep their order.
    const wanted = input.tasks.map((task) => ({ task, id: deps.ids.next() }))
    const steps = await inParallel(wanted, PARALLEL, ({ task, id }) => importOne(deps, run, task, id))
    await deps.counters.count(
      'import_tasks',
      steps.map(({ pending }) => pending),
    )
    const arrived = input.loop && !input.dry_run && steps.some(({ result }) => result.outcome === 'created')
    return {
      results: steps.map(({ result }) => result),
      ...(arrived ? { arrival: run.arrival } : {}),
    }
  },

  confirm_import: async ({ loop_id, arrival }, asked) => {
    const { caller } = requireWriter(asked)
    await deps.tasks.releaseArrival(caller.workspace_id, loop_id, arrival)
    return {}
  },
})

/** The handlers of the second half: comments, blockers and statuses. */
const furtherHandlers = (deps: LeafDeps): Some<'import_comments' | 'finish_import'> => ({
  import_comments: async ({ comments, visible_private_loop_ids }, asked) => {
    const call = requireWriter(asked)
    const sees = seesThese(visible_private_loop_ids)
    const ids = [...new Set(comments.flatMap(({ task_id }) => task_id ?? []))]
    const found = await deps.tasks.findWhole(call.caller.workspace_id, ids)
    const tasks = new Map(found.filter((task) => isSeen(task, sees)).map((task) => [task._id, task]))
    // Ids first, so that the comments keep their order.
    const wanted = comments
      .filter(({ task_id }) => task_id === undefined || tasks.has(task_id))
      .map((comment) => ({ comment, id: deps.ids.next() }))
    const changes = await inParallel(wanted, PARALLEL, (one) =>
      addComment(deps, one, tasks.get(one.comment.task_id ?? ''), call),
    )
    await deps.counters.count('import_comments', changes)
    return { added: changes.filter((change) => change !== null).length }
  },

  finish_import: async ({ tasks, visible_private_loop_ids: visible }, asked) => {
    const approves = tasks.some(({ status }) => status !== undefined)
    const call = requireWriter(asked, approves)
    const changes: (PendingChange | null)[] = []
    const results: { refused?: string }[] = []
    // One after the other: of two that would wait for each other the second is refused.
    for (const task of tasks)
      try {
        changes.push(await finishOne(deps, task, visible, call))
        results.push({})
      } catch (error) {
        if (!(error instanceof AppError) || error.code === 'unavailable') throw error
        results.push({ refused: error.message })
      }
    await deps.counters.count('finish_import', changes)
    return { results }
  },
})

/** The handlers of imports. */
export const importHandlers = (deps: LeafDeps) => ({ ...arrivalHandlers(deps), ...furtherHandlers(deps) })
