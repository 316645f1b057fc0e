// Gives back the tasks of somebody who may not work in a workspace any more.

import { ownCall } from '../../shared/bus/headers.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import { liveClaim } from './claim-rules.ts'
import { editClaimed } from './claimed-task-rules.ts'
import type { Deps } from './deps.ts'
import type { TaskDoc } from './task-store.ts'

export type HeldDeps = Pick<Deps, 'tasks' | 'counters' | 'clock' | 'database_clock' | 'ids' | 'at'>

/** Tasks read at once. */
const BATCH = LIMITS.page
/** More batches than anybody holds tasks. */
const MAX_BATCHES = 100
/**
 * How far the clock of the database, which stamps claims, may be ahead of the one that stamped the event, and how late a call
 * may come that a gateway had let in before (ms).
 */
const MARGIN_MS = 5_000

/** Gives one task back, if the person still holds it by a claim from before `until`. */
const releaseOne = (
  deps: HeldDeps,
  ws: string,
  task_id: string,
  held: Readonly<{ user_id: string; until: Date }>,
): Promise<true> =>
  untilSaved(async () => {
    const before: TaskDoc | null = await deps.tasks.get(ws, task_id)
    const live = before && liveClaim(before)
    if (!before || !live || live.holder.actor.user_id !== held.user_id || live.since >= held.until)
      return true
    // A move is under way: it is finished first. The event comes again if that takes longer.
    if (before.move) return undefined
    const now = deps.database_clock.now()
    // As if its holder had given it back.
    const { holder, id: claim_id } = live
    const by = { actor: { ...holder.actor, client: 'Loops' }, may_approve: false, holder, claim_id }
    const made = { id: deps.ids.token(), now, term_ms: null, bounded: false }
    const decision = editClaimed(before, { status: 'approved' }, by, made, deps.clock.now())
    if (!decision) return true
    const saved = await deps.tasks.save(before, decision, { call: ownCall(deps.clock, deps.ids.next()) })
    if (!saved) return undefined
    await deps.counters.count('release_claims', [saved.pending])
    deps.at('release_held.released')
    return true
  }, deps.ids.random)

/**
 * Gives back every task that a person holds in a workspace since before `at`. May be repeated, broken off or late: what they
 * hold since is theirs.
 * @throws AppError `unavailable` when a task could not be given back now; the others are.
 */
export const releaseHeld = async (deps: HeldDeps, ws: string, user_id: string, at: Date): Promise<void> => {
  const until = new Date(at.getTime() + MARGIN_MS)
  let after = ''
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    const tasks = await deps.tasks.listHeldBy(ws, user_id, until, after, BATCH)
    for (const { _id } of tasks) await releaseOne(deps, ws, _id, { user_id, until })
    const last = tasks.at(-1)
    if (!last) return
    after = last._id
  }
}
