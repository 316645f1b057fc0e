// Reproducible randomness: the same seed gives the same numbers. Pure.

/** Numbers from 0 to n - 1 that only the seed decides (mulberry32), so that a plan can be run again. */
export const randomFrom = (seed: number) => {
  let state = seed
  return (n: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}
