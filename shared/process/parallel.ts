// Works on many items, a few at a time.

/** Items in parts of at most `size`, in their order. */
export const partsOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, part) =>
    items.slice(part * size, (part + 1) * size),
  )

/**
 * Runs a function for each item, at most `limit` at once.
 * @returns the results, in the order of the items.
 * @throws what the first failed run threw, after those under way have ended. No further run begins.
 */
export const inParallel = async <T, R>(
  items: readonly T[],
  limit: number,
  run: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = []
  const failures: unknown[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (failures.length === 0 && next < items.length) {
      const index = next
      next += 1
      try {
        results[index] = await run(items[index] as T)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work))
  if (failures.length > 0) throw failures[0]
  return results
}
