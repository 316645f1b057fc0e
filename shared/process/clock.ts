// The only file that reads the time: everything else is given a Clock or a `now`.

/** A source of time: `now` is the wall clock, `monotonicMs` never goes back and measures durations (ms). */
export type Clock = Readonly<{ now: () => Date; monotonicMs: () => number }>

/** A clock whose `now` is ahead of another's by `offset_ms`, or behind if that is negative. */
export const aheadOf = (clock: Clock, offset_ms: number): Clock => ({
  now: () => new Date(clock.now().getTime() + offset_ms),
  monotonicMs: clock.monotonicMs,
})

/** This machine's time. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
}
