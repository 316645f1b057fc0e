// Detects repeated requests by a window over the numbers that each process gives its requests. Pure.
//
// As IPsec does with packets (RFC 4303 §3.4.3). Bounded, and without comparing the clocks of two machines.

/** How many numbers up to the newest are remembered; older ones are refused. A power of two. */
export const WINDOW = 16_384
/** How much older than the newest request of its process a request may be, by that process's own clock (ms). */
export const MAX_AGE_MS = 60_000

/** What is remembered of the requests of one process. */
export type Window = { newest: number; newest_ms: number; seen: Uint8Array }

export const emptyWindow = (): Window => ({ newest: 0, newest_ms: 0, seen: new Uint8Array(WINDOW / 8) })

const byteOf = (number: number): number => (number % WINDOW) >> 3
const bitOf = (number: number): number => 1 << (number & 7)

/** Moves the window on, and forgets the numbers whose bits are reused. */
const advance = (window: Window, number: number): void => {
  if (number - window.newest >= WINDOW) window.seen.fill(0)
  else
    for (let next = window.newest + 1; next <= number; next += 1)
      window.seen[byteOf(next)] = (window.seen[byteOf(next)] ?? 0) & ~bitOf(next)
  window.newest = number
}

/**
 * Records a request.
 * @param number of the request within its process, from 1 up.
 * @param sent_ms when the process sent it, by its own monotonic clock.
 * @returns `first` for a new number, `repeated` for a known one, `late` for one that is too old to tell.
 */
export const recordRequest = (
  window: Window,
  number: number,
  sent_ms: number,
): 'first' | 'repeated' | 'late' => {
  if (window.newest - number >= WINDOW || window.newest_ms - sent_ms > MAX_AGE_MS) return 'late'
  if (number > window.newest) advance(window, number)
  else if ((window.seen[byteOf(number)] ?? 0) & bitOf(number)) return 'repeated'
  window.seen[byteOf(number)] = (window.seen[byteOf(number)] ?? 0) | bitOf(number)
  window.newest_ms = Math.max(window.newest_ms, sent_ms)
  return 'first'
}
