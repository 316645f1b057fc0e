// Turns many small requests into few large ones: what comes in during one makes up the next. Where nobody waits for them,
// a batch can linger for more to come.
import { setTimeout } from 'node:timers/promises'

/** The items of one batch: at least one. */
type Batch<T> = readonly [T, ...T[]]
/** Does a batch; returns the results of its items, in their order, or one for all of them. */
type Run<T, R> = (items: Batch<T>) => Promise<readonly R[] | R>

type Waiting<T, R> = Readonly<{ item: T; resolve: (result: R) => void; reject: (error: unknown) => void }>

/**
 * Makes the function that adds one item. Its promise settles as the batch of the item does.
 * @param max the most items of one batch.
 * @param linger_ms how long a batch that is not full waits for more items before it runs; 0: not at all (ms).
 */
export const gather = <T, R = void>(
  max: number,
  run: Run<T, R>,
  linger_ms = 0,
): ((item: T) => Promise<R>) => {
  const waiting: Waiting<T, R>[] = []
  let running = false
  const runAll = async (): Promise<void> => {
    running = true
    while (waiting.length > 0) {
      if (linger_ms > 0 && waiting.length < max) await setTimeout(linger_ms)
      const batch = waiting.splice(0, max)
      try {
        const done = await run(batch.map(({ item }) => item) as unknown as Batch<T>)
        for (const [index, { resolve }] of batch.entries())
          resolve((Array.isArray(done) ? done[index] : done) as R)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    running = false
  }
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!running) void runAll()
    })
}

/** As `gather`, with batches of their own for each key; those of different keys do not wait for each other. */
export const gatherBy = <T, R = void>(
  max: number,
  keyOf: (item: T) => string,
  run: Run<T, R>,
  linger_ms = 0,
): ((item: T) => Promise<R>) => {
  const byKey = new Map<string, { add: (item: T) => Promise<R>; unsettled: number }>()
  return async (item) => {
    const key = keyOf(item)
    const own = byKey.get(key) ?? { add: gather(max, run, linger_ms), unsettled: 0 }
    byKey.set(key, own)
    own.unsettled += 1
    try {
      return await own.add(item)
    } finally {
      own.unsettled -= 1
      if (own.unsettled === 0) byKey.delete(key)
    }
  }
}
