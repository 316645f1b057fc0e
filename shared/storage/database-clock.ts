// The time of the database, for what several processes must agree on. The clocks of their own machines may be minutes apart.
import type { Db } from 'mongodb'
import type { Clock } from '../process/clock.ts'

/** A clock whose `now` is the database's time: as last asked for, counted on with this process's monotonic clock. */
export type DatabaseClock = Clock &
  Readonly<{
    /**
     * Asks the database what time it is.
     * @throws when it does not answer.
     */
    sync: () => Promise<Date>
  }>

/**
 * Opens the clock of a database and asks it once. `hello` rather than `$$NOW`: every server that speaks MongoDB's protocol
 * answers it, also those that know no such variable.
 * @param local only its monotonic side is used.
 */
export const openDatabaseClock = async (db: Db, local: Clock): Promise<DatabaseClock> => {
  let offset_ms = 0
  const sync = async (): Promise<Date> => {
    const { localTime } = await db.command({ hello: 1 })
    // Counted from the answer on: late by the answer's way, but never ahead, so that no lease seems to end early.
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
