// What the gateway does again and again without being asked: makes up for what a crash left, and tends the signing keys.
import type { Host } from '../../shared/host.ts'
import { repeat } from '../../shared/lifecycle.ts'
import type { Deps } from './deps.ts'
import { LOOK_MS } from './oauth/key-schedule.ts'
import { settleLeftBehind } from './people/settle.ts'

/** How often what a crash left behind is looked for (ms). */
const SETTLE_EVERY_MS = 2_000

/** Starts it; it ends with the host. */
export const startTending = ({ stack, log, ids }: Host, deps: Deps): void => {
  const options = { log, random: ids.random }
  stack.use(repeat(() => settleLeftBehind(deps), { ...options, interval_ms: SETTLE_EVERY_MS }))
  stack.use(repeat(deps.keys.tend, { ...options, interval_ms: LOOK_MS }))
}
