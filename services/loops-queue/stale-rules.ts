// What stays longer than it should. Pure but for its memory; each instance goes by what it has seen itself, so that no
// clocks of two machines are compared.

/**
 * Tells which of the things found now have been found at every look for `ms` or longer.
 * @returns a look: given all that is there now and the time on a clock that only grows (ms).
 */
export const lingering = (ms: number) => {
  let seen = new Map<string, number>()
  return (keys: readonly string[], now_ms: number): readonly string[] => {
    seen = new Map(keys.map((key) => [key, seen.get(key) ?? now_ms]))
    return keys.filter((key) => now_ms - (seen.get(key) as number) >= ms)
  }
}
