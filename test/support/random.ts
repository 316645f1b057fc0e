// Reproducible randomness: the same seed gives the same numbers. Pure.

/** Numbers from 0 to n - 1 that the seed alone decides (mulberry32), so that a schedule can be repeated. */
export const randomFrom = (seed: number) => {
  let state = seed
  return (n: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}
