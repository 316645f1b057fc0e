// What a database did while something was asked of it, by its own profile, and what a bounded read looks like there.
import type { Db, Document } from 'mongodb'
import { expect } from 'vitest'

const INDEXED = /^(IXSCAN|IDHACK|COUNT_SCAN|DISTINCT_SCAN|EXPRESS_|CLUSTERED_)/

/** The commands on these collections during `work`, without inserts. */
export const profiled = async (
  db: Db,
  collections: readonly string[],
  work: () => Promise<unknown>,
): Promise<readonly Document[]> => {
  await db.command({ profile: 0 })
  await db.collection('system.profile').drop()
  await db.command({ profile: 2 })
  await work()
  await db.command({ profile: 0 })
  const ns = { $in: collections.map((name) => `${db.databaseName}.${name}`) }
  return await db
    .collection('system.profile')
    .find({ ns, op: { $ne: 'insert' } })
    .toArray()
}

/**
 * Expects commands that use an index, sort nothing in memory, and read no more documents than keys.
 * @param keys the most that one reads, unless it names more ids.
 */
export const expectBounded = (commands: readonly Document[], keys: number): void => {
  expect(commands.length).toBeGreaterThan(0)
  for (const { planSummary, hasSortStage, keysExamined, docsExamined, ...entry } of commands) {
    const what = JSON.stringify(entry.command).slice(0, 300)
    expect(planSummary, what).toMatch(INDEXED)
    expect(hasSortStage, what).toBeUndefined()
    // The search indexes what changed at the same time together, by ids; a scan reads a key on the way to each.
    const named = entry.command?.filter?._id?.$in?.length ?? 0
    expect(keysExamined, what).toBeLessThanOrEqual(Math.max(keys, 2 * named))
    expect(docsExamined, what).toBeLessThanOrEqual(keysExamined)
  }
}
