// Finishes or removes what a command left half done when its process died: forming loops, orders behind their loops.
import type { Deps } from './deps.ts'

/** A loop that forms for longer than this was broken off (ms). */
const FORMING_MS = 10_000
/** A command that has not brought the order up to date for longer than this will not do so any more (ms). */
const UNQUEUED_MS = 2_000
/** Loops looked at per sweep, the oldest first. */
const SWEEP = 100

/**
 * Says which of the things found now have been found by every look for `ms` or longer. Each instance goes by its own
 * clock, so that clocks of two machines are never compared.
 * @returns a look: given the keys of all that is there now, and the time on a monotonic clock (ms).
 */
export const lingering = (ms: number) => {
  let seen = new Map<string, number>()
  return (keys: readonly string[], now_ms: number): readonly string[] => {
    seen = new Map(keys.map((key) => [key, seen.get(key) ?? now_ms]))
    return keys.filter((key) => now_ms - (seen.get(key) as number) >= ms)
  }
}

type Sweeping = Pick<Deps, 'loops' | 'queues' | 'clock' | 'log'>

/** Removes loops whose forming was broken off; one that becomes active at this moment stays. */
export const formingSweeper = ({ loops, clock, log }: Omit<Sweeping, 'queues'>): (() => Promise<void>) => {
  const stale = lingering(FORMING_MS)
  return async () => {
    const forming = await loops.listForming(SWEEP)
    const ids = forming.map(({ _id }) => _id)
    const left = new Set(stale(ids, clock.monotonicMs()))
    for (const loop of forming)
      if (left.has(loop._id) && (await loops.removeForming(loop)))
        log.info('removed a loop that was never formed', { loop_id: loop._id })
  }
}

/** Brings orders up to date with their loops, where the command that should have did not. */
export const unqueuedSweeper = ({ loops, queues, clock, log }: Sweeping): (() => Promise<void>) => {
  const stale = lingering(UNQUEUED_MS)
  return async () => {
    const unqueued = new Map((await loops.listUnqueuedOfAll(SWEEP)).map((loop) => [loop.unqueued, loop.ws]))
    const left = stale([...unqueued.keys()], clock.monotonicMs())
    for (const ws of new Set(left.map((key) => unqueued.get(key) as string)))
      await queues
        .catchUp(ws)
        .catch((error: unknown) =>
          log.warn('an order cannot be brought up to date yet', { workspace_id: ws, error }),
        )
  }
}
