// Imports tasks and their comments. Leaves: they call no other service.
//
// An import is many calls, and may end at any of them. Each is done by refs and keys, so that whoever begins anew finds
// what is there. A task whose status or blockers follow waits as `open` until finish_import saves them in one write; that it
// did is noted with it.
import { actorOf, type Call, type MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { includesScope } from '../../shared/contracts/define/scopes.ts'
import type { ImportedTask, ImportOutcome } from '../../shared/contracts/tasks/imports.ts'
import { gather } from '../../shared/process/gather.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import type { BlockerDoc } from './blocker-store.ts'
import { edgesAfter, syncBlocking } from './blockers.ts'
import type { CommentStore } from './comment-store.ts'
import type { PendingChange } from './counter-store.ts'
import type { LeafDeps, Some } from './deps.ts'
import { digestOf, reimport, sameSeen, seenOf } from './import-rules.ts'
import { createTask, type Decision, editTask } from './task-rules.ts'
import type { TaskDoc, TaskStore } from './task-store.ts'
import { addedEvent } from './task-view.ts'
import { isPrivate, isSeen, type Location, locationIn, NOWHERE, seesThese } from './visibility-rules.ts'

/** Tasks worked on at once. */
const PARALLEL = 32
/** Reads and notes that are made together. */
const GATHERED = 100
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

/** A new task, and what its source says of it. @param n tells it apart from others of its ref that the caller does not see */
const newTask = (
  { clock }: LeafDeps,
  { call, location, arrival }: Run,
  { ref, further, finished: _, links, ...task }: ImportedTask,
  id: string,
  n: number,
): Decision => {
  const [by, now] = [actorOf(call.caller), clock.now()]
  const { next, events } = createTask({ ...task, id, ws: call.caller.workspace_id, location, by, now })
  const { loop_id } = location
  const move = loop_id === null ? null : { loop_id, at: now, by, entering: arrival }
  const imported = { ...ref, n, seen: seenOf({ ...task, further }) }
  return { next: { ...next, ...(links ? { links } : {}), move, imported }, events }
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

/** A task of an import, and an id for it, if it is new. */
type Wanted = Readonly<{ task: ImportedTask; id: string }>

/** What becomes of a task without any write; undefined: it is to be written. */
const withoutWrite = ({ input, found, exported }: Run, { ref, finished }: ImportedTask): Step | undefined => {
  if (ref.source === 'loops' && exported.has(ref.id)) return step('exported_here', ref.id)
  if (found.get(nameOf(ref))?.task) return undefined
  if (finished && !input.approve) return step('finished')
  return input.dry_run ? step('created') : undefined
}

/** Files those of these tasks that are not there, in one write. @returns what became of them; the others are left out */
const fileAll = async (
  deps: LeafDeps,
  run: Run,
  wanted: readonly Wanted[],
): Promise<ReadonlyMap<string, Step>> => {
  const fresh = wanted.filter(
    ({ task }) => !withoutWrite(run, task) && !run.found.get(nameOf(task.ref))?.task,
  )
  const decisions = fresh.map(({ task, id }) =>
    newTask(deps, run, task, id, run.found.get(nameOf(task.ref))?.hidden ?? 0),
  )
  const saved = await deps.tasks.insertAll(decisions, { call: run.call })
  if (saved.some((one) => one !== null)) deps.at('import_tasks.filed')
  return new Map(
    fresh.flatMap(({ id }, n) => {
      const one = saved[n]
      return one ? [[id, { ...step('created', id), pending: one.pending }] as const] : []
    }),
  )
}

/** Updates a task that is there. One that another call has just filed or changed is looked up again, and filed if it went. */
const importOne = async (deps: LeafDeps, run: Run, { task, id }: Wanted): Promise<Step> => {
  const { input, call } = run
  const ws = call.caller.workspace_id
  let now = run
  let n = run.found.get(nameOf(task.ref))?.hidden ?? 0
  return await untilSaved(
    async (tries) => {
      if (tries > 0) {
        now = { ...run, ...(await lookUp(deps, ws, { ...input, tasks: [task] })) }
        n = Math.max(n + 1, now.found.get(nameOf(task.ref))?.hidden ?? 0) % MAX_SAME_REF
      }
      const done = withoutWrite(now, task)
      if (done) return done
      const before = now.found.get(nameOf(task.ref))?.task
      if (before) return await update(deps, now, before, task)
      if (tries === 0) return undefined
      const pending = await deps.tasks.insert(newTask(deps, now, task, id, n), { call })
      return pending ? { ...step('created', id), pending } : undefined
    },
    deps.ids.random,
    { remainingMs: call.remainingMs },
  )
}

type Comments = Parameters<Some<'import_comments'>['import_comments']>[0]['comments']

/** A comment as it is stored, and its event. @param task that it is on; undefined: it is on a loop */
const newComment = (
  { clock }: LeafDeps,
  { loop, key, text, kind }: Comments[number],
  { id, task }: Readonly<{ id: string; task: TaskDoc | undefined }>,
  call: MemberCall,
): Parameters<CommentStore['insertAll']>[0] => {
  const parent = task?._id ?? loop?.id
  if (parent === undefined) return []
  const at = clock.now()
  const comment = {
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
  return [{ comment, event: addedEvent(comment, hidden) }]
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
    const next = { ...decision.next, imported }
    return (await deps.tasks.save(before, { ...decision, next }, { call })) ?? undefined
  }, deps.ids.random)
  deps.at('finish_import.saved_one')
  const { cycle } = await syncBlocking(deps, { _id: task_id, ws }, call)
  if (cycle) throw new AppError('invalid_argument', 'Tasks would wait for each other.')
  return saved.pending
}

/** The store of tasks, for several that are worked on at once: their reads and notes are made together. */
const workingTogether = (tasks: TaskStore, ws: string): TaskStore => {
  const byId = <D extends Readonly<{ _id: string }>>(ids: readonly string[], found: readonly D[]) => {
    const known = new Map(found.map((task) => [task._id, task]))
    return ids.map((id) => known.get(id) ?? null)
  }
  const reading = (read: (ws: string, ids: readonly string[]) => Promise<TaskDoc[]>) =>
    gather<string, TaskDoc | null>(GATHERED, async (ids) => byId(ids, await read(ws, [...new Set(ids)])))
  const get = reading(tasks.findWhole)
  const mark = reading(tasks.markAllBlocking)
  const findPendingSync = reading(tasks.findAllPendingSync)
  const listBlockers = gather<readonly string[], BlockerDoc[]>(GATHERED, async (lists) => {
    const found = await tasks.listBlockers(ws, [...new Set(lists.flat())])
    return lists.map((ids) => byId(ids, found).filter((task) => task !== null))
  })
  const confirm = gather(GATHERED, tasks.confirmAllSyncs)
  return {
    ...tasks,
    get: (_, id) => get(id),
    markBlocking: (_, id) => mark(id),
    findPendingSync: (_, id) => findPendingSync(id),
    listBlockers: (_, ids) => listBlockers(ids),
    confirmSync: (ws, id, v) => confirm({ ws, id, v }),
  }
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
    const filed = await fileAll(deps, run, wanted)
    const steps = await inParallel(
      wanted,
      PARALLEL,
      async (one) => filed.get(one.id) ?? (await importOne(deps, run, one)),
    )
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
    const wanted = comments
      .filter(({ task_id }) => task_id === undefined || tasks.has(task_id))
      .flatMap((comment) =>
        newComment(deps, comment, { id: deps.ids.next(), task: tasks.get(comment.task_id ?? '') }, call),
      )
    const changes = await deps.comments.insertAll(wanted, { call })
    if (changes.some((change) => change !== null)) deps.at('import_comments.added')
    await deps.counters.count('import_comments', changes)
    return { added: changes.filter((change) => change !== null).length }
  },

  finish_import: async ({ tasks, visible_private_loop_ids: visible }, asked) => {
    const approves = tasks.some(({ status }) => status !== undefined)
    const call = requireWriter(asked, approves)
    const together = { ...deps, tasks: workingTogether(deps.tasks, call.caller.workspace_id) }
    const changes: (PendingChange | null)[] = []
    const results = await inParallel(tasks, PARALLEL, async (task): Promise<{ refused?: string }> => {
      try {
        changes.push(await finishOne(together, task, visible, call))
        return {}
      } catch (error) {
        if (!(error instanceof AppError) || error.code === 'unavailable') throw error
        return { refused: error.message }
      }
    })
    await deps.counters.count('finish_import', changes)
    return { results }
  },
})

/** The handlers of imports. */
export const importHandlers = (deps: LeafDeps) => ({ ...arrivalHandlers(deps), ...furtherHandlers(deps) })
