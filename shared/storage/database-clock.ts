// The database's time, for what several processes must agree on: the clocks of their machines differ.
import type { Db } from 'mongodb'
import type { Clock } from '../process/clock.ts'

/** A clock whose `now` is the database's time: the last answer, plus what this process's monotonic clock has measured since. */
export type DatabaseClock = Clock &
  Readonly<{
    /**
     * Asks the database for its time.
     * @throws when it does not answer.
     */
    sync: () => Promise<Date>
  }>

/**
 * Opens the clock of a database and asks it once. It asks with `hello`, because every server that speaks MongoDB's protocol
 * answers that, while some lack the variable `$$NOW`.
 * @param local only its `monotonicMs` is used.
 */
export const openDatabaseClock = async (db: Db, local: Clock): Promise<DatabaseClock> => {
  let offset_ms = 0
  const sync = async (): Promise<Date> => {
    const { localTime } = await db.command({ hello: 1 })
    // Measured from when the answer arrives: behind by the time it took, but never ahead. So no lease seems to expire early.
    offset_ms = localTime.getTime() - local.monotonicMs()
    return localTime
  }
  await sync()
  return {
    now: () => new Date(local.monotonicMs() + offset_ms),
    monotonicMs: local.monotonicMs,
    sync,
  }
}
