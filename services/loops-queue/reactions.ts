// Reacts to events: whoever leaves a workspace leaves its private loops, and a new loop can be searched for.

import type { Actor } from '../../shared/contracts/define/common.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { type Erasing, onDeletion } from '../../shared/events/erase-workspaces.ts'
import { on, type Reaction } from '../../shared/events/reactions.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import type { Deps } from './deps.ts'
import type { Handled } from './handled-store.ts'
import { setMember, wasMemberBefore } from './loop-rules.ts'
import type { LoopSearch } from './search-store.ts'

/** Loop ids read at once. */
const BATCH = 1_000
/** More batches than anybody has private loops. */
const MAX_BATCHES = 100

export type ReactionDeps = Pick<Deps, 'loops' | 'clock' | 'ids' | 'at'> &
  Readonly<{ handled: Handled; search: Pick<LoopSearch, 'indexLoops'>; erasing: Pick<Erasing, 'note'> }>

/** Removes somebody from a loop that they were a member of when they left; not from one that they were added to since. */
const removeMember = (
  { loops, clock, ids }: Pick<Deps, 'loops' | 'clock' | 'ids'>,
  ws: string,
  loop_id: string,
  left: Readonly<{ user_id: string; by: Actor; at: Date }>,
): Promise<true> =>
  untilSaved(async () => {
    const loop = await loops.findPrivateOf(ws, loop_id, left.user_id)
    if (!loop || !wasMemberBefore(loop, left.user_id, left.at)) return true
    const decision = setMember(loop, left.user_id, false, { by: left.by, now: clock.now() })
    return decision === null || (await loops.save(loop, decision, {})) ? true : undefined
  }, ids.random)

/**
 * The reactions of this service. Removing a member may be repeated, broken off or late. An event that comes again, or for
 * the first time after the person was invited and added again, does not undo that.
 */
export const reactions = (deps: ReactionDeps): readonly Reaction[] => [
  on(gateway, 'person.left', async ({ id, time, workspaceid, data: { user_id, by } }) => {
    const { loops, at, handled } = deps
    if (await handled.has(id)) return
    let after: string | undefined
    for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
      const theirs = await loops.listPrivateOf(workspaceid, user_id, after, BATCH)
      for (const loop_id of theirs) {
        await removeMember(deps, workspaceid, loop_id, { user_id, by, at: new Date(time) })
        at('person_left.taken_out')
      }
      after = theirs.at(-1)
      if (after === undefined) break
    }
    await handled.add(id)
  }),
  ...(['loop.created', 'loop.updated'] as const).map((name) =>
    on(loopsQueue, name, async ({ workspaceid, data: { loop_id } }) => {
      await deps.search.indexLoops([{ _id: loop_id, ws: workspaceid }])
      deps.at('loop_search.indexed')
    }),
  ),
  onDeletion(deps.erasing),
]
