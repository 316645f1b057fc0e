// Turns many small writes into few large ones, without a pause: what comes in during one write makes up the next.

type Waiting<T> = Readonly<{ item: T; resolve: () => void; reject: (error: unknown) => void }>

/**
 * Makes the function that adds one item. Its promise settles as the write of the item's batch does.
 * @param max the most items of one write.
 */
export const gather = <T>(
  max: number,
  write: (items: readonly T[]) => Promise<void>,
): ((item: T) => Promise<void>) => {
  const waiting: Waiting<T>[] = []
  let writing = false
  const run = async (): Promise<void> => {
    writing = true
    while (waiting.length > 0) {
      const batch = waiting.splice(0, max)
      try {
        await write(batch.map(({ item }) => item))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    writing = false
  }
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!writing) void run()
    })
}
