// Counts the calls of agents: of each connection, and of all connections of a workspace together, so that no workspace takes
// the gateways from the others.
import type { Limits } from './limits.ts'

/** A call that was refused: whose limit it met, and how long to wait (ms). */
export type RefusedCall = Readonly<{ of: 'connection' | 'workspace'; retry_after_ms: number }>

/** Counts a call; undefined when it may be made. */
export type CountCall = (
  caller: Readonly<{ grant_id: string; workspace_id: string }>,
) => RefusedCall | undefined

const MINUTE_MS = 60_000

/** Makes it from how many calls are allowed in a minute. */
export const callCounter =
  (
    limits: Pick<Limits, 'count'>,
    allowed: Readonly<{ of_connection: number; of_workspace: number }>,
  ): CountCall =>
  ({ grant_id, workspace_id }) => {
    const own_ms = limits.count(`calls of ${grant_id}`, {
      count: allowed.of_connection,
      window_ms: MINUTE_MS,
    })
    if (own_ms > 0) return { of: 'connection', retry_after_ms: own_ms }
    const shared = { count: allowed.of_workspace, window_ms: MINUTE_MS }
    const shared_ms = limits.count(`calls of workspace ${workspace_id}`, shared)
    return shared_ms > 0 ? { of: 'workspace', retry_after_ms: shared_ms } : undefined
  }
