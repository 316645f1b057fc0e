// Loops that a command left half done when its process died, finished or taken away by whoever finds them.
import type { Deps } from './deps.ts'
import { lingering } from './stale-rules.ts'

/** A loop that forms for longer than this was broken off (ms). */
const FORMING_MS = 10_000
/** A command that takes longer than this to bring an order in line does not do it any more (ms). */
const OWED_MS = 2_000
/** Loops looked at per sweep, the oldest first. */
const SWEEP = 100

type Sweeping = Pick<Deps, 'loops' | 'queues' | 'clock' | 'log'>

/** Takes away the loops whose making was broken off; one that became active in this moment stays. */
export const formingSweeper = ({ loops, clock, log }: Omit<Sweeping, 'queues'>): (() => Promise<void>) => {
  const stale = lingering(FORMING_MS)
  return async () => {
    const forming = await loops.listForming(SWEEP)
    const ids = new Set(
      stale(
        forming.map(({ _id }) => _id),
        clock.monotonicMs(),
      ),
    )
    for (const loop of forming)
      if (ids.has(loop._id) && (await loops.removeForming(loop)))
        log.info('took away a loop that was never formed', { loop_id: loop._id })
  }
}

/** Saves what loops owe the orders of their workspaces, where the command that should have did not. */
export const pendingSweeper = ({ loops, queues, clock, log }: Sweeping): (() => Promise<void>) => {
  const stale = lingering(OWED_MS)
  return async () => {
    const owed = new Map((await loops.listOwed(SWEEP)).map(({ ws, unqueued }) => [unqueued, ws]))
    const workspaces = new Set(
      stale([...owed.keys()], clock.monotonicMs()).map((key) => owed.get(key) as string),
    )
    for (const ws of workspaces)
      await queues
        .catchUp(ws)
        .catch((error: unknown) =>
          log.warn('an order cannot be brought in line yet', { workspace_id: ws, error }),
        )
  }
}
