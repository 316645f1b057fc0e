// The tools of claims: take one task, keep what is held, give it back.
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import { AppError, toItemError } from '../../shared/contracts/define/errors.ts'
import { ANSWER_BYTES, ENVELOPE_BYTES } from '../../shared/contracts/define/page-bytes.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import type { Because } from '../../shared/storage/aggregate.ts'
import { changeByRequest, type Decided } from '../../shared/storage/command.ts'
import { refusalOf } from '../../shared/storage/mongo.ts'
import { refuseBlocked } from './blockers.ts'
import { claimLost, holderOf, isHolder, isRewritten, liveClaim } from './claim-rules.ts'
import { editClaimed, takeTaskOver } from './claimed-task-rules.ts'
import {
  type HeldDoc,
  isHeld,
  MAX_HELD,
  newClaim,
  pendingComment,
  postComments,
  renewHeld,
  toClaimedTask,
} from './claims.ts'
import type { PendingChange } from './counter-store.ts'
import type { Deps, Some } from './deps.ts'
import { requireTerm } from './limit-rules.ts'
import { loadForWrite } from './task-changes.ts'
import type { PendingComment } from './task-rules.ts'
import type { TaskDoc } from './task-store.ts'
import { claimantOf } from './task-view.ts'
import { findLoop, isVisible, loadVisible, type Sees, seesMany, seesOne } from './visibility.ts'

/** Tasks worked on at once. */
const PARALLEL = 8

/** A claimed task, whether its caller held it before, and the comment that was written with it. */
type ClaimOutcome = Readonly<{ task: HeldDoc; renewed: boolean; comment?: PendingComment | undefined }>

/** Claims one task for the person of a call, or takes it over. */
const claimOne = async (
  deps: Deps,
  {
    task_id,
    agent,
    ttl_seconds,
    take_over,
  }: Readonly<{
    task_id: string
    agent?: string | undefined
    ttl_seconds?: number | undefined
    take_over: boolean
  }>,
  call: MemberCall,
): Promise<ClaimOutcome> => {
  const by = claimantOf(call.caller, { agent })
  const made = newClaim(deps, call, { ttl_seconds, bounded: false })
  const sees = seesOne(deps, call)
  const decide = async (
    before: TaskDoc,
  ): Promise<Decided<ClaimOutcome, Readonly<{ pending: PendingChange | null }>> | undefined> => {
    const live = liveClaim(before)
    const own =
      live !== undefined && isHolder(live.holder, by.holder) && live.holder.agent === by.holder.agent
    if (own) return { result: { task: before as HeldDoc, renewed: true } }
    await refuseBlocked(deps, before, 'in_progress', sees)
    const text = `${by.actor.name} took this task over, through ${by.actor.client}.`
    const decision =
      live && take_over
        ? takeTaskOver(before, by, made, pendingComment(deps, by.actor, text))
        : editClaimed(before, { status: 'in_progress' }, by, made, deps.clock.now())
    if (!decision) return undefined
    const task = { ...before, ...decision.next, v: before.v + 1 } as HeldDoc
    return {
      result: { task, renewed: false, comment: decision.comment },
      save: (because: Because) => deps.tasks.save(before, decision, because),
    }
  }
  const { result, saved } = await changeByRequest(
    deps.tasks,
    { call },
    async (tries) => {
      const before = await loadForWrite(deps, call, { task_id, sees }, tries)
      return before && { document: before, decide: () => decide(before) }
    },
    deps.ids.random,
  )
  await deps.counters.count('claim_task', [saved?.pending ?? null])
  return result
}

/** Tasks that a call names, or all that its person holds; `null` for one that they do not hold or see. */
const heldBy = async (
  deps: Deps,
  { task_ids, agent }: Readonly<{ task_ids?: string[] | undefined; agent?: string | undefined }>,
  sees: Sees,
  call: MemberCall,
): Promise<readonly Readonly<{ task_id: string; task: HeldDoc | AppError }>[]> => {
  const ws = call.caller.workspace_id
  const holder = holderOf(call.caller, agent)
  if (task_ids === undefined) {
    const held = (await deps.tasks.listHeld(ws, holder, MAX_HELD)).filter(isHeld)
    const visible = await inParallel(held, PARALLEL, (task) => isVisible(task, sees))
    return held.filter((_, n) => visible[n]).map((task) => ({ task_id: task._id, task }))
  }
  return await inParallel([...new Set(task_ids)], PARALLEL, async (task_id) => {
    try {
      const task = await loadVisible(deps, ws, task_id, sees)
      if (isHeld(task) && isHolder(task.claim.holder, holder)) return { task_id, task }
      const { ended_claim } = task
      deps.metrics?.count('loops_claims_lost_total', {})
      return {
        task_id,
        task: claimLost(ended_claim && isHolder(ended_claim.holder, holder) ? ended_claim : undefined),
      }
    } catch (error) {
      if (error instanceof AppError) return { task_id, task: error }
      throw error
    }
  })
}

type Found = Awaited<ReturnType<typeof heldBy>>[number]
type Renewed = Awaited<ReturnType<Some<'renew_claims'>['renew_claims']>>['claims'][number]

/** Why the holder of a live claim should stop, by the status of the loop. */
const STOPS = { on_hold: 'loop_on_hold', shipped: 'loop_shipped' } as const
/** Why the holder of a claim that ended should stop, by why it ended. */
const STOPS_OF_LOST: ReadonlyMap<unknown, 'approval_withdrawn' | 'loop_shipped'> = new Map([
  ['withdrawn', 'approval_withdrawn'],
  ['loop_shipped', 'loop_shipped'],
] as const)

/** One line of the answer of renew_claims. */
const renewal = (
  { task_id, task }: Found,
  kept: HeldDoc | undefined,
  loopStatus: string | undefined,
): Renewed => {
  if (kept) {
    const stop =
      loopStatus === 'on_hold' || loopStatus === 'shipped'
        ? STOPS[loopStatus]
        : isRewritten(kept)
          ? 'task_changed'
          : undefined
    const expires_at = kept.claim.until?.toISOString() ?? null
    return { task_id, held: true, expires_at, ...(stop ? { stop } : {}) }
  }
  const error = task instanceof AppError ? task : claimLost(undefined)
  const stop = STOPS_OF_LOST.get(error.extras.details?.reason)
  return { task_id, held: false, ...(stop ? { stop } : {}), error: toItemError(error) }
}

/** The status of the loops of some tasks, by id. */
const loopStatuses = async (
  { loops }: Pick<Deps, 'loops'>,
  tasks: readonly HeldDoc[],
  call: MemberCall,
): Promise<ReadonlyMap<string, string>> => {
  const loop_ids = [...new Set(tasks.flatMap(({ loop_id }) => loop_id ?? []))]
  if (loop_ids.length === 0) return new Map()
  const asked = { workspace_id: call.caller.workspace_id, loop_ids }
  const found = (await loops.get_loop_states(asked, call)).loops
  return new Map(found.map(({ id, status }) => [id, status]))
}

/** Gives one task back. */
const release = async (
  deps: Deps,
  held: HeldDoc,
  { note, agent }: Readonly<{ note?: string | undefined; agent?: string | undefined }>,
  sees: Sees,
  call: MemberCall,
): Promise<void> => {
  const by = claimantOf(call.caller, { agent, claim_id: held.claim.id })
  const comment = note === undefined ? undefined : pendingComment(deps, by.actor, note)
  const { saved } = await changeByRequest(
    deps.tasks,
    { call },
    async (tries) => {
      const before = await loadForWrite(deps, call, { task_id: held._id, sees }, tries)
      if (!before) return undefined
      const made = newClaim(deps, call, { bounded: false })
      const decide = async () => {
        const decision = editClaimed(before, { status: 'approved' }, by, made, deps.clock.now())
        const save = (because: Because) =>
          decision ? deps.tasks.save(before, { ...decision, comment }, because) : Promise.resolve(null)
        return { result: null, save }
      }
      return { document: before, decide }
    },
    deps.ids.random,
  )
  await deps.counters.count('release_claims', [saved?.pending ?? null])
  if (comment) await postComments(deps, held, [comment], call)
}

/** Gives one task of a call back. What is free already is as the caller wants it. */
const releaseFound = async (
  deps: Deps,
  { task_id, task }: Found,
  input: Readonly<{ note?: string | undefined; agent?: string | undefined }>,
  sees: Sees,
  call: MemberCall,
) => {
  if (task instanceof AppError)
    return task.code === 'claim_lost'
      ? { task_id, ok: true }
      : { task_id, ok: false, error: toItemError(task) }
  try {
    await release(deps, task, input, sees, call)
    return { task_id, ok: true }
  } catch (error) {
    return { task_id, ok: false, error: toItemError(refusalOf(error)) }
  }
}

/** The handlers of the tools of claims. */
export const claimHandlers = (deps: Deps): Some<'claim_task' | 'renew_claims' | 'release_claims'> => ({
  claim_task: async (input, call) => {
    requireTerm(call.caller, input.ttl_seconds)
    const { task, renewed, comment } = await claimOne(deps, input, call)
    const [held = task] = renewed ? await renewHeld(deps, [task], call.caller, input.ttl_seconds) : [task]
    if (comment) await postComments(deps, task, [comment], call)
    const loop = task.loop_id === null ? null : await findLoop(deps, task.loop_id, call)
    return { claim: toClaimedTask(held, ANSWER_BYTES - ENVELOPE_BYTES), loop, renewed }
  },

  renew_claims: async (input, call) => {
    const { ttl_seconds, progress } = input
    requireTerm(call.caller, ttl_seconds)
    const found = await heldBy(deps, input, seesMany(deps, call), call)
    const held = found.flatMap(({ task }) => (task instanceof AppError ? [] : [task]))
    const kept = await renewHeld(deps, held, call.caller, ttl_seconds)
    const renewed = new Map(kept.map((task) => [task._id, task]))
    if (progress !== undefined)
      await inParallel(held, PARALLEL, ({ _id, ws, claim }) =>
        deps.tasks.noteProgress({ id: _id, ws, claim_id: claim.id }, progress),
      )
    const statuses = await loopStatuses(deps, held, call)
    const claims = found.map((one) => {
      const kept = renewed.get(one.task_id)
      return renewal(one, kept, statuses.get(kept?.loop_id ?? ''))
    })
    return { claims }
  },

  release_claims: async (input, call) => {
    const sees = seesMany(deps, call)
    const found = await heldBy(deps, input, sees, call)
    return {
      released: await inParallel(found, PARALLEL, (one) => releaseFound(deps, one, input, sees, call)),
    }
  },
})
