// Claiming the first ready work of loops, and completing what is held: what the loops-queue service asks for
// claim_next_work and complete_task. Leaves: they call no other service.
import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { Call, MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import { ANSWER_BYTES, countFitting, jsonBytes } from '../../shared/contracts/define/page-bytes.ts'
import type { ClaimedTask, HeldTask } from '../../shared/contracts/tasks/shapes.ts'
import type { Because } from '../../shared/storage/aggregate.ts'
import { changeByRequest } from '../../shared/storage/command.ts'
import { findRepeat, numbered, type Repeatable } from '../../shared/storage/idempotency.ts'
import { isDuplicateKey } from '../../shared/storage/mongo.ts'
import { syncBlocking } from './blockers.ts'
import { holderOf } from './claim-rules.ts'
import { completeTask, editClaimed } from './claimed-task-rules.ts'
import {
  type HeldDoc,
  isHeld,
  MAX_HELD,
  newClaim,
  pendingComment,
  postComments,
  renewHeld,
  toClaimedTask,
  toHeldTask,
} from './claims.ts'
import type { LeafDeps, Some } from './deps.ts'
import { boundFor, requireTerm } from './limit-rules.ts'
import { type ReadyPicker, readyPicker } from './ready-picker.ts'
import type { TaskDoc } from './task-store.ts'
import { claimantOf, toRow } from './task-view.ts'
import { isSeen, seesThese } from './visibility-rules.ts'

/** Tries to claim one task before the caller is asked to come again. */
const MAX_TRIES = 12
/** Bytes for the claimed tasks of one answer. */
const CLAIMS_BYTES = ANSWER_BYTES / 2
/** Bytes for what else the caller holds. */
const HOLDING_BYTES = 10_000

/** @throws AppError `forbidden` when nobody asks. */
const requireCaller = (call: Call): MemberCall => {
  if (!call.caller) throw new AppError('forbidden', 'Work is claimed only on behalf of a person.')
  return { ...call, caller: call.caller }
}

type Wanted = Readonly<{
  agent?: string | undefined
  ttl_seconds?: number | undefined
  request?: Repeatable | undefined
}>

/** What the claims of this process share. */
type ClaimDeps = LeafDeps & Readonly<{ picker: ReadyPicker }>

/**
 * Claims a ready task.
 * @returns the claimed task and the change to count; 'lost' when somebody else was first; undefined when another run of the
 * same request claims.
 */
const claimOne = async (deps: LeafDeps, before: TaskDoc, wanted: Wanted, call: MemberCall) => {
  const made = newClaim(deps, call, { ...wanted, bounded: true })
  const by = claimantOf(call.caller, wanted)
  const decision = editClaimed(before, { status: 'in_progress' }, by, made, deps.clock.now())
  if (!decision) return 'lost'
  try {
    const saved = await deps.tasks.save(before, decision, { call })
    if (!saved) return 'lost'
    return { task: { ...before, ...decision.next, v: before.v + 1 } as HeldDoc, pending: saved.pending }
  } catch (error) {
    if (isDuplicateKey(error)) return undefined
    throw error
  }
}

/**
 * Claims one ready task of a loop. After a lost race it takes one of the first 2^tries, so that many agents do not run
 * after one task.
 * @returns the claimed task, or null when the loop has none; undefined when another run of the same request claims.
 */
const claimInLoop = async (
  deps: ClaimDeps,
  loop_id: string,
  wanted: Wanted,
  call: MemberCall,
): Promise<HeldDoc | null | undefined> => {
  const ws = call.caller.workspace_id
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const claimed = await deps.picker.withReady({ ws, loop_id, width: 2 ** tries }, (before) =>
      claimOne(deps, before, wanted, call),
    )
    if (claimed === 'lost') continue
    if (!claimed) return claimed
    await deps.counters.count('claim_ready', [claimed.pending])
    return claimed.task
  }
  throw new AppError('version_conflict', 'Many agents are claiming at this moment; nothing was claimed.', {
    hint: 'Call again in a moment.',
    retry_after_ms: 1_000,
  })
}

/** Gives back what a call has just claimed. */
const giveBack = async (deps: LeafDeps, task: HeldDoc, call: MemberCall): Promise<void> => {
  const by = claimantOf(call.caller, { claim_id: task.claim.id })
  const made = newClaim(deps, call, { bounded: true })
  const decision = editClaimed(task, { status: 'approved' }, by, made, deps.clock.now())
  // Its request has claimed nothing then: a repeat tries anew.
  const next = decision && { ...decision.next, claim_request: undefined }
  const saved = next && (await deps.tasks.save(task, { ...decision, next }, { call }))
  await deps.counters.count('claim_ready', [saved?.pending ?? null])
}

/** What a holder has by claim_next_work under the same label, or without one. */
const boundedOf = async (deps: LeafDeps, { agent }: Wanted, call: MemberCall): Promise<HeldDoc[]> => {
  const holder = holderOf(call.caller, agent)
  const held = await deps.tasks.listHeld(call.caller.workspace_id, holder, MAX_HELD, { bounded: true })
  return held.filter(isHeld).filter(({ claim }) => claim.holder.agent === holder.agent)
}

/**
 * What an earlier run of the same request claimed; undefined when there was none.
 * @throws AppError `idempotency_conflict` when the key was used with other arguments.
 */
const claimedBefore = async (
  deps: LeafDeps,
  { request, max_tasks }: Wanted & Readonly<{ max_tasks: number }>,
  call: MemberCall,
): Promise<readonly HeldDoc[] | undefined> => {
  if (!request) return undefined
  const keys = Array.from({ length: max_tasks }, (_, n) => numbered(request, n).key)
  const tasks = await deps.tasks.listClaimedBy(call.caller.workspace_id, keys)
  if (tasks.length === 0) return undefined
  const entries = tasks.map(({ claim_request, created_at }) => ({
    key: request.key,
    hash: claim_request?.hash ?? '',
    at: created_at,
    result: null,
  }))
  findRepeat(entries, request)
  return tasks.filter(isHeld)
}

/** Those of these loops that have ready tasks, and first of all the first one, unasked, where it had some a moment ago. */
const loopsToTry = async function* (deps: ClaimDeps, ws: string, loop_ids: readonly string[]) {
  const [first] = loop_ids
  if (first !== undefined && deps.picker.hadReady(first)) yield first
  const ready = await deps.tasks.findReadyLoops(ws, loop_ids)
  yield* loop_ids.filter((id) => ready.has(id))
}

/**
 * Claims tasks of the first of these loops that has some.
 * @returns the claimed tasks; undefined when another run of the same request claims.
 */
const claimInLoops = async (
  deps: ClaimDeps,
  loop_ids: readonly string[],
  wanted: Wanted & Readonly<{ max_tasks: number }>,
  call: MemberCall,
): Promise<readonly HeldDoc[] | undefined> => {
  for await (const loop_id of loopsToTry(deps, call.caller.workspace_id, loop_ids)) {
    const claimed: HeldDoc[] = []
    while (claimed.length < wanted.max_tasks) {
      const request = wanted.request && numbered(wanted.request, claimed.length)
      const task = await claimInLoop(deps, loop_id, { ...wanted, request }, call)
      if (task === undefined) return undefined
      if (task === null) break
      claimed.push(task)
    }
    if (claimed.length > 0) return claimed
  }
  return []
}

/** Claims ready work for a holder, up to its bound; or what it holds, when it is at the bound. */
const claimReady = async (
  deps: ClaimDeps,
  wanted: Wanted & Readonly<{ loop_ids: readonly string[]; max_tasks: number }>,
  held: readonly HeldDoc[],
  call: MemberCall,
): Promise<Readonly<{ tasks: readonly HeldDoc[]; at_capacity: boolean }>> => {
  const repeated = await claimedBefore(deps, wanted, call)
  if (repeated) return { tasks: repeated, at_capacity: false }
  const bound = boundFor(call.caller, wanted.agent)
  if (held.length >= bound) return { tasks: await renewHeld(deps, held, call.caller), at_capacity: true }
  const max_tasks = Math.min(wanted.max_tasks, bound - held.length)
  const claimed = await claimInLoops(deps, wanted.loop_ids, { ...wanted, max_tasks }, call)
  if (!claimed) return { tasks: (await claimedBefore(deps, wanted, call)) ?? [], at_capacity: false }
  if (claimed.length === 0) return { tasks: [], at_capacity: false }
  // Several calls of one holder may have found room for its last claim. All of them see the claims in one order: those
  // behind the bound go back, so that one of the calls keeps its own.
  const now = await boundedOf(deps, wanted, call)
  const within = new Set(now.slice(0, bound).map(({ _id }) => _id))
  const kept = now.length <= bound ? claimed : claimed.filter(({ _id }) => within.has(_id))
  for (const task of claimed) if (!kept.includes(task)) await giveBack(deps, task, call)
  if (kept.length > 0) return { tasks: kept, at_capacity: false }
  return { tasks: await renewHeld(deps, await boundedOf(deps, wanted, call), call.caller), at_capacity: true }
}

/** The task of a call, and the loops that its caller sees. */
type Completed = Parameters<Some<'complete'>['complete']>[0]

/** The comment of a completion: the outcome, and the links as far as a comment has room. The task has all of them. */
const outcomeText = (outcome: string | undefined, links: readonly string[]): string => {
  const lines = [...(outcome ? [outcome] : []), ...links.map((link) => `- <${link}>`)]
  while (Buffer.byteLength(lines.join('\n')) > LIMITS.comment_bytes) lines.pop()
  return lines.join('\n')
}

/** Completes a task for its holder. */
const complete = async (deps: LeafDeps, input: Completed, call: MemberCall) => {
  const by = claimantOf(call.caller, input)
  const { task_id, outcome, links } = input
  const sees = seesThese(input.visible_private_loop_ids)
  const text = outcomeText(outcome, links)
  const comment = text === '' ? undefined : pendingComment(deps, by.actor, text, 'outcome')
  const decide = (before: TaskDoc) => async () => {
    const decision = completeTask(before, by, newClaim(deps, call, { bounded: false }), comment, links)
    if (!decision) return { result: { task: before, changed: false } }
    const task = { ...before, ...decision.next, v: before.v + 1 }
    const save = (because: Because) => deps.tasks.save(before, decision, because)
    return { result: { task, changed: true }, save }
  }
  const { result, saved } = await changeByRequest(
    deps.tasks,
    { call },
    async () => {
      const document = await deps.tasks.get(call.caller.workspace_id, task_id)
      if (!document || !isSeen(document, sees)) throw notFound('task', task_id)
      return document.move ? undefined : { document, decide: decide(document) }
    },
    deps.ids.random,
  )
  await deps.counters.count('complete', [saved?.pending ?? null])
  const posted = result.changed ? comment : undefined
  if (posted) await postComments(deps, result.task, [posted], call)
  const opened = saved ? (await syncBlocking(deps, result.task, call)).unblocked : []
  const unblocked = opened.filter((task) => isSeen(task, sees)).map(({ _id, title }) => ({ id: _id, title }))
  return {
    task: toRow(result.task),
    changed: result.changed,
    comment_id: posted?.id ?? null,
    ...(unblocked.length > 0 ? { unblocked } : {}),
  }
}

const withoutBody = (task: HeldDoc): ClaimedTask => toClaimedTask({ ...task, body: '' }, 0)

/** Claimed tasks with as much of their bodies as there is room for, as many as fit. */
const toClaims = (tasks: readonly HeldDoc[]): ClaimedTask[] => {
  const shown = tasks.slice(0, countFitting(tasks.map(withoutBody), CLAIMS_BYTES))
  const room = Math.floor(CLAIMS_BYTES / shown.length)
  return shown.map((task) => toClaimedTask(task, Math.max(0, room - jsonBytes(withoutBody(task)))))
}

/** Held tasks in short, as many as fit. */
const toHolding = (held: readonly HeldDoc[]): { holding: HeldTask[]; holding_total?: number } => {
  const rows = held.map(toHeldTask)
  const holding = rows.slice(0, countFitting(rows, HOLDING_BYTES))
  return { holding, ...(holding.length < rows.length ? { holding_total: rows.length } : {}) }
}

/** The handlers that claim and complete work for the loops-queue service, and that say what is held. */
export const claimInternals = (own: LeafDeps): Some<'claim_ready' | 'complete' | 'list_held'> => {
  const deps = { ...own, picker: readyPicker(own) }
  return {
    claim_ready: async (input, anyCall) => {
      const call = requireCaller(anyCall)
      requireTerm(call.caller, input.ttl_seconds)
      const sees = seesThese(input.visible_private_loop_ids)
      const held = (await boundedOf(deps, input, call)).filter((task) => isSeen(task, sees))
      const found = await claimReady(deps, input, held, call)
      const tasks = found.tasks.filter((task) => isSeen(task, sees))
      const claims = toClaims(tasks)
      // At the bound, what is held is what is shown.
      const others = [...tasks.slice(claims.length), ...(found.at_capacity ? [] : held)]
      return {
        loop_id: tasks[0]?.loop_id ?? null,
        claims,
        at_capacity: found.at_capacity,
        ...toHolding(others),
      }
    },

    complete: (input, call) => complete(deps, input, requireCaller(call)),

    list_held: async ({ visible_private_loop_ids, max_bytes }, call) => {
      const { caller } = requireCaller(call)
      const sees = seesThese(visible_private_loop_ids)
      const tasks = await deps.tasks.listHeld(caller.workspace_id, holderOf(caller), MAX_HELD)
      const held = tasks
        .filter(isHeld)
        .filter((task) => isSeen(task, sees))
        .map(toHeldTask)
      return { holding: held.slice(0, countFitting(held, max_bytes)), total: held.length }
    },
  }
}
