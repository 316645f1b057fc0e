// What the gateway does again and again without being asked: makes up for what a crash left, and tends the signing keys.

import { repeat } from '../../shared/process/lifecycle.ts'
import type { Host } from '../../shared/service.ts'
import { finishLeftBehind } from './accounts/unfinished.ts'
import type { Deps } from './deps.ts'
import { LOOK_MS } from './oauth/key-schedule.ts'

/** How often what a crash left behind is looked for (ms). */
const SETTLE_EVERY_MS = 2_000

/** Starts it; it ends with the host. */
export const startTending = ({ stack, log, ids }: Host, deps: Deps): void => {
  const options = { log, random: ids.random }
  stack.use(repeat(() => finishLeftBehind(deps), { ...options, interval_ms: SETTLE_EVERY_MS }))
  stack.use(repeat(deps.keys.tend, { ...options, interval_ms: LOOK_MS }))
}
