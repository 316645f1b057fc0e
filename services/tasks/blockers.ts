// Makes tasks wait for others, and lets them begin when what they waited for is done.
//
// An edge is saved on the dependent, and what happens to a blocker is carried over to its dependents after its own write.
// Both leave a mark in the same write (`pending_sync`), and whoever finds an old mark finishes what it asks for. No guard
// keeps two calls from closing a cycle together: each looks once more after its edge is saved, so the last one sees all
// edges, and takes its own back.
import type { Call, MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import type { Blockers } from '../../shared/contracts/tasks/shapes.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import {
  type BlockerState,
  beginsBlocked,
  beginWalk,
  changeEdges,
  cycleOf,
  type Edge,
  isOpen,
  refreshEdges,
  walkOn,
} from './blocker-rules.ts'
import type { BlockerDoc } from './blocker-store.ts'
import type { Deps, LeafDeps } from './deps.ts'
import { editTask } from './task-rules.ts'
import type { TaskDoc } from './task-store.ts'
import { isVisible, loadVisible, type Sees } from './visibility.ts'
import { isPrivate } from './visibility-rules.ts'

/** Tasks that one search for a cycle looks at. */
const MAX_WALK = 1_000
/** Dependents that the call of whoever finished their blocker carries it over to; sweepers see to the others. */
const BATCH = 100
/** Batches that one sweep of a task carries over. */
const SWEPT_BATCHES = 20
/** Tasks looked at at once. */
const PARALLEL = 8
/** Blockers named in a refusal. */
const MAX_NAMED = 5

type BlockerDeps = Pick<LeafDeps, 'tasks' | 'counters' | 'clock' | 'ids' | 'at'>

/** What a call asks of the edges of a task. */
export type EdgeChange = Readonly<{
  add?: readonly string[] | undefined
  remove?: readonly string[] | undefined
}>

/** Those of these tasks that exist and are visible, in this order. */
const visibleBlockers = async (
  deps: BlockerDeps,
  ws: string,
  ids: readonly string[],
  sees: Sees,
): Promise<BlockerDoc[]> => {
  const found = new Map((await deps.tasks.listBlockers(ws, ids)).map((task) => [task._id, task]))
  const shown: BlockerDoc[] = []
  for (const id of ids) {
    const task = found.get(id)
    if (task && !task.deleted_at && (await isVisible(task, sees))) shown.push(task)
  }
  return shown
}

/**
 * The cycle that edges from a task to these would close, or have closed; undefined: none.
 * @throws AppError `limit_exceeded` when too many tasks would have to be looked at.
 */
const findCycle = async (
  deps: BlockerDeps,
  ws: string,
  task_id: string,
  blockers: readonly string[],
): Promise<readonly string[] | undefined> => {
  const walk = beginWalk(task_id, blockers)
  let reached = [...walk.keys()]
  while (reached.length > 0 && !walk.has(task_id)) {
    if (walk.size > MAX_WALK)
      throw new AppError(
        'limit_exceeded',
        `More than ${MAX_WALK} tasks would have to be done before this one.`,
        {
          hint: 'Name only what it waits for directly, or divide the work into shorter chains.',
        },
      )
    reached = walkOn(walk, await deps.tasks.listBlockers(ws, reached))
  }
  return cycleOf(walk, task_id)
}

/** The refusal of a cycle, with the titles that the caller may see. */
const cycleRefused = async (
  deps: BlockerDeps,
  ws: string,
  cycle: readonly string[],
  sees: Sees,
): Promise<AppError> => {
  const titles = new Map(
    (await visibleBlockers(deps, ws, [...new Set(cycle)], sees)).map(({ _id, title }) => [_id, title]),
  )
  const names = cycle.map((id) => (titles.has(id) ? `“${titles.get(id)}”` : 'a task that you do not see'))
  return new AppError('invalid_argument', `These tasks would wait for each other: ${names.join(' ← ')}.`, {
    hint: 'Leave one of these edges out, or remove one with blocked_by.remove.',
    details: { cycle: cycle.map((id) => (titles.has(id) ? { id, title: titles.get(id) } : {})) },
  })
}

/**
 * The edges of a task after a change that a caller asks for; its new blockers know then that they have dependents.
 * @throws AppError `not_found`, `invalid_argument`, `limit_exceeded`.
 */
export const edgesAfter = async (
  deps: BlockerDeps,
  before: Pick<TaskDoc, '_id' | 'ws' | 'blocked_by'>,
  { add = [], remove = [] }: EdgeChange,
  sees: Sees,
): Promise<readonly Edge[] | undefined> => {
  const { _id, ws, blocked_by = [] } = before
  await inParallel([...new Set([...add, ...remove])], PARALLEL, (id) => loadVisible(deps, ws, id, sees))
  if (add.includes(_id))
    throw new AppError('invalid_argument', 'A task cannot wait for itself.', {
      hint: 'Name other tasks in blocked_by.add.',
    })
  const known = new Set(blocked_by.map(({ task_id }) => task_id))
  const fresh = [...new Set(add)].filter((id) => !known.has(id) && !remove.includes(id))
  // First without their states, so that what is refused marks nothing.
  changeEdges(
    blocked_by,
    fresh.map((task_id) => ({ task_id, open: true, v: 0 })),
    remove,
  )
  const cycle = fresh.length > 0 ? await findCycle(deps, ws, _id, fresh) : undefined
  if (cycle) throw await cycleRefused(deps, ws, cycle, sees)
  const added: Edge[] = []
  for (const task_id of fresh) {
    const blocker = await deps.tasks.markBlocking(ws, task_id)
    if (!blocker) throw notFound('task', task_id)
    added.push({ task_id, open: isOpen(blocker), v: blocker.v })
  }
  if (added.length > 0) deps.at('blocked_by.marked')
  const after = changeEdges(blocked_by, added, remove)
  return added.length === 0 && after.length === blocked_by.length ? before.blocked_by : after
}

/**
 * Refuses to begin work that waits for something.
 * @throws AppError `invalid_transition`, which names what the caller sees of it.
 */
export const refuseBlocked = async (
  deps: BlockerDeps,
  before: TaskDoc,
  status: TaskDoc['status'] | undefined,
  sees: Sees,
  edges: readonly Edge[] | undefined = before.blocked_by,
): Promise<void> => {
  if (!edges || !beginsBlocked(before, status, edges)) return
  const open = edges.filter((edge) => edge.open).map(({ task_id }) => task_id)
  const shown = (await visibleBlockers(deps, before.ws, open, sees)).slice(0, MAX_NAMED)
  const others = open.length - shown.length
  const names = [...shown.map(({ title }) => `“${title}”`), ...(others > 0 ? [`${others} more`] : [])]
  throw new AppError('invalid_transition', `This task waits for ${names.join(', ')}.`, {
    hint: 'Take other work with claim_next_work. If it need not wait, say so with update_task and blocked_by.remove.',
    details: {
      blocked_by: shown.map(({ _id, title, status: now }) => ({ id: _id, title, status: now })),
      ...(others > 0 ? { others } : {}),
    },
  })
}

/** What a task waits for, as somebody sees it; nothing where it waits for nothing. */
export const shownBlockers = async (
  deps: BlockerDeps,
  { ws, blocked_by = [] }: TaskDoc,
  sees: Sees,
): Promise<{ blocked_by?: Blockers }> => {
  if (blocked_by.length === 0) return {}
  const ids = blocked_by.map(({ task_id }) => task_id)
  const found = await deps.tasks.listBlockers(ws, ids)
  const gone = ids.length - found.filter(({ deleted_at }) => !deleted_at).length
  const shown = await visibleBlockers(deps, ws, ids, sees)
  const others = ids.length - gone - shown.length
  if (shown.length + others === 0) return {}
  return {
    blocked_by: {
      tasks: shown.map(({ _id, title, status }) => ({ id: _id, title, status })),
      ...(others > 0 ? { others } : {}),
    },
  }
}

/** A task whose edges changed, and whether it waits for nothing now; `skipped`: others kept changing it. */
type Synced = Readonly<{ unblocked?: TaskDoc; skipped?: true }>

/** Changes the edges of a task as its blockers bring about. A task that is being moved is left for later. */
const changeEdgesOf = async (
  deps: BlockerDeps,
  ws: string,
  id: string,
  by: (task: TaskDoc) => TaskDoc['author'],
  edges: (before: readonly Edge[]) => readonly Edge[],
  call: Call,
): Promise<Synced> => {
  const attempt = async (): Promise<Synced | undefined> => {
    const before = await deps.tasks.get(ws, id)
    if (!before?.blocked_by) return {}
    if (before.move) return { skipped: true }
    const after = edges(before.blocked_by)
    if (after === before.blocked_by) return {}
    const editor = { actor: by(before), may_approve: false }
    const decision = editTask(before, { blocked_by: after }, editor, deps.clock.now())
    if (!decision) return {}
    const saved = await deps.tasks.save(before, decision, { call })
    if (!saved) return undefined
    await deps.counters.count('sync_blocking', [saved.pending])
    const unblocked = before.open_blockers !== undefined && decision.next.open_blockers === undefined
    return unblocked ? { unblocked: { ...before, ...decision.next, v: before.v + 1 } } : {}
  }
  try {
    return await untilSaved(attempt, deps.ids.random)
  } catch (error) {
    if (error instanceof AppError && error.code === 'unavailable') return { skipped: true }
    throw error
  }
}

/** Tasks as they are now, for edges to them. */
const statesOf = async (
  deps: BlockerDeps,
  ws: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, BlockerState>> => {
  const found = new Map((await deps.tasks.listBlockers(ws, ids)).map((task) => [task._id, task]))
  return new Map(
    ids.map((id) => {
      const task = found.get(id)
      return [id, task && !task.deleted_at ? { open: isOpen(task), v: task.v } : null]
    }),
  )
}

/** Carries the state of a task over to its dependents. @returns those that wait for nothing now; whether that is all. */
const carryOver = async (
  deps: BlockerDeps,
  blocker: TaskDoc,
  batches: number,
  call: Call,
): Promise<Readonly<{ unblocked: readonly TaskDoc[]; done: boolean }>> => {
  const { _id, ws, v, acl, pending_sync } = blocker
  const open = isOpen(blocker)
  const states = new Map<string, BlockerState>([[_id, blocker.deleted_at ? null : { open, v }]])
  const unblocked: TaskDoc[] = []
  const version = blocker.deleted_at ? undefined : v
  // Who works in a private loop is not told to those who do not see it.
  const by = (task: TaskDoc) =>
    pending_sync && (!isPrivate(blocker) || task.acl === acl)
      ? pending_sync.by
      : { ...task.author, client: 'Loops' }
  let skipped = false
  for (let batch = 0; batch < batches; batch += 1) {
    const ids = await deps.tasks.listStaleDependents(ws, _id, version, BATCH)
    for (const id of ids) {
      const synced = await changeEdgesOf(deps, ws, id, by, (edges) => refreshEdges(edges, states), call)
      if (synced.unblocked) unblocked.push(synced.unblocked)
      skipped ||= synced.skipped === true
    }
    if (skipped || ids.length < BATCH) return { unblocked, done: !skipped }
  }
  return { unblocked, done: false }
}

/** Takes back what a task should wait for where that has closed a cycle. @returns the cycle. */
const undoCycle = async (
  deps: BlockerDeps,
  { _id, ws, blocked_by = [], pending_sync }: TaskDoc,
  call: Call,
): Promise<readonly string[] | undefined> => {
  const added = pending_sync?.added?.filter((id) => blocked_by.some(({ task_id }) => task_id === id)) ?? []
  if (!pending_sync || added.length === 0) return undefined
  const cycle = await findCycle(deps, ws, _id, added).catch((error: unknown) => {
    // The walk was short enough before the edges were saved. Others have made it longer since, and answer for that.
    if (error instanceof AppError && error.code === 'limit_exceeded') return undefined
    throw error
  })
  if (!cycle) return undefined
  const without = (edges: readonly Edge[]) => changeEdges(edges, [], added)
  await changeEdgesOf(deps, ws, _id, () => pending_sync.by, without, call)
  return cycle
}

/**
 * Finishes what a change of a task asks for: its new edges are compared with their blockers, and its dependents with it.
 * Repeats do no harm.
 * @param batches how many batches of dependents are carried over at most.
 * @returns the dependents that wait for nothing now, and the cycle that was taken back, if there was one.
 */
export const syncBlocking = async (
  deps: BlockerDeps,
  { _id, ws }: Pick<TaskDoc, '_id' | 'ws'>,
  call: Call,
  batches = 1,
): Promise<Readonly<{ unblocked: readonly TaskDoc[]; cycle?: readonly string[] | undefined }>> => {
  const task = await deps.tasks.findPendingSync(ws, _id)
  if (!task?.pending_sync) return { unblocked: [] }
  const { pending_sync, blocked_by = [] } = task
  deps.at('sync_blocking.found')
  const cycle = await undoCycle(deps, task, call)
  if (pending_sync.added && blocked_by.length > 0) {
    const states = await statesOf(deps, ws, pending_sync.added)
    const refresh = (edges: readonly Edge[]) => refreshEdges(edges, states)
    await changeEdgesOf(deps, ws, _id, () => pending_sync.by, refresh, call)
  }
  const { unblocked, done } = task.blocks
    ? await carryOver(deps, task, batches, call)
    : { unblocked: [], done: true }
  if (done && !task.move) await deps.tasks.confirmSync(ws, _id, pending_sync.v)
  return { unblocked, cycle }
}

/**
 * Finishes what a person's change of a task asks for.
 * @throws AppError `invalid_argument` when its edges closed a cycle together with others that came at the same time.
 */
export const syncAfter = async (deps: Deps, task_id: string, sees: Sees, call: MemberCall): Promise<void> => {
  const ws = call.caller.workspace_id
  const { cycle } = await syncBlocking(deps, { _id: task_id, ws }, call)
  if (cycle) throw await cycleRefused(deps, ws, cycle, sees)
}

/** Finishes what was left half done before a moment. */
export const syncLeft = async (
  deps: BlockerDeps,
  before: Date,
  limit: number,
  callOf: () => Call,
): Promise<boolean> => {
  const left = await deps.tasks.listPendingSync(before, limit)
  for (const task of left) await syncBlocking(deps, task, callOf(), SWEPT_BATCHES)
  return left.length > 0
}
