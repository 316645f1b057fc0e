// Which requests of a process have been here already: a window over their numbers, as IPsec has one over those of packets
// (RFC 4303 §3.4.3). Bounded, and free of any comparison of two machines' clocks. Pure.

/** Numbers that are remembered behind the newest; whatever is older is refused. A power of two. */
export const WINDOW = 16_384
/** How much older than the newest request of the same process one may be, by that process's own clock (ms). */
export const MAX_AGE_MS = 60_000

/** What is remembered of one process that asks. */
export type Window = { newest: number; newest_ms: number; seen: Uint8Array }

export const emptyWindow = (): Window => ({ newest: 0, newest_ms: 0, seen: new Uint8Array(WINDOW / 8) })

const byteOf = (number: number): number => (number % WINDOW) >> 3
const bitOf = (number: number): number => 1 << (number & 7)

/** Forgets the numbers whose places the new ones take. */
const advance = (window: Window, number: number): void => {
  if (number - window.newest >= WINDOW) window.seen.fill(0)
  else
    for (let next = window.newest + 1; next <= number; next += 1)
      window.seen[byteOf(next)] = (window.seen[byteOf(next)] ?? 0) & ~bitOf(next)
  window.newest = number
}

/**
 * Takes a request down.
 * @param number of the request among those of its process, from 1 up; @param sent_ms when that process sent it, by its own
 * monotonic clock.
 * @returns whether it is the first of this number here, or too old to tell.
 */
export const takeDown = (window: Window, number: number, sent_ms: number): 'first' | 'repeated' | 'late' => {
  if (window.newest - number >= WINDOW || window.newest_ms - sent_ms > MAX_AGE_MS) return 'late'
  if (number > window.newest) advance(window, number)
  else if ((window.seen[byteOf(number)] ?? 0) & bitOf(number)) return 'repeated'
  window.seen[byteOf(number)] = (window.seen[byteOf(number)] ?? 0) | bitOf(number)
  window.newest_ms = Math.max(window.newest_ms, sent_ms)
  return 'first'
}
