// What this service does about other services' events: who is no longer in a workspace is no longer in its private loops.
import { on, type Reaction } from '../../shared/bus/reactions.ts'
import { gateway } from '../../shared/contracts/gateway.ts'
import type { Deps } from './deps.ts'
import { setMember } from './loop.ts'
import type { Handled } from './store-handled.ts'

/** Loops that are read at once. */
const BATCH = 100
/** More batches than anybody has private loops; each takes the person out of the loops that it read. */
const MAX_BATCHES = 1_000

export type ReactionDeps = Pick<Deps, 'loops' | 'clock' | 'at'> & Readonly<{ handled: Handled }>

/**
 * The reactions of this service. Taking somebody out of a loop may be repeated and broken off; an event that is given
 * again after they were invited anew and added again changes nothing.
 */
export const reactions = ({ loops, clock, at, handled }: ReactionDeps): readonly Reaction[] => [
  on(gateway, 'person.left', async ({ id, workspaceid, data: { user_id, by } }) => {
    if (await handled.has(id)) return
    for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
      const theirs = await loops.listOfMember(workspaceid, user_id, BATCH)
      for (const loop of theirs) {
        const decision = setMember(loop, user_id, false, { by, now: clock.now() })
        // One that has changed meanwhile is still theirs, and in the next batch.
        if (decision) await loops.save(loop, decision, {})
        at('person_left.taken_out')
      }
      if (theirs.length === 0) break
    }
    await handled.add(id)
  }),
]
