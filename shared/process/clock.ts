// The only reads of time. Everything else is given a Clock or a `now`.

/** A source of time. `now` is the wall clock; `monotonicMs` only ever grows and measures durations. */
export type Clock = Readonly<{ now: () => Date; monotonicMs: () => number }>

/** A clock whose wall clock is ahead of another's by so much (ms), or behind; what it measures is the same. */
export const aheadOf = (clock: Clock, offset_ms: number): Clock => ({
  now: () => new Date(clock.now().getTime() + offset_ms),
  monotonicMs: clock.monotonicMs,
})

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
}
