// The only reads of time. Everything else is given a Clock or a `now`.

/** A source of time. `now` is the wall clock; `monotonicMs` only ever grows and measures durations. */
export type Clock = Readonly<{ now: () => Date; monotonicMs: () => number }>

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
}
