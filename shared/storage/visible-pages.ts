// Pages of a list of which the reader does not see everything.

/** Reads of one page. So many entries that the reader does not see are passed over; then the page ends early. */
const MAX_READS = 10

/**
 * A page of what a reader sees of a list that is sorted by id, latest first.
 * @param find reads the list behind the id `before`.
 * @param show turns what was found into what the reader sees of it, in the same order.
 * @returns the entries, and the id behind which the next page begins; null: the list ends here.
 */
export const visiblePage = async <Found extends Readonly<{ _id: string }>, Entry>(
  { before: start, limit }: Readonly<{ before?: string | undefined; limit: number }>,
  find: (before: string | undefined, limit: number) => Promise<readonly Found[]>,
  show: (found: readonly Found[]) => Promise<readonly Readonly<{ id: string; entry: Entry }>[]>,
): Promise<{ entries: Entry[]; next: string | null }> => {
  const shown: Readonly<{ id: string; entry: Entry }>[] = []
  const pageTo = (next: string | null) => ({ entries: shown.slice(0, limit).map(({ entry }) => entry), next })
  let before = start
  for (let reads = 0; reads < MAX_READS; reads += 1) {
    const found = await find(before, limit + 1)
    shown.push(...(await show(found)))
    before = found.at(-1)?._id
    if (shown.length > limit) return pageTo(shown[limit - 1]?.id ?? null)
    if (found.length <= limit) return pageTo(null)
  }
  return pageTo(before ?? null)
}
