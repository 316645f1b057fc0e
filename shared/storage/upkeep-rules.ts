// When a replica looks for the turn at the upkeep, and how often work repeats. Pure.

/** How long the turn at the upkeep lasts unless it is taken again (ms): how long nobody does it after a holder died. */
export const UPKEEP_TERM_MS = 6_000
/** How often the holder takes its turn again (ms). It may fail once and still go on. */
const RENEW_MS = 2_000
/** How often a look for the turn comes from all other replicas together (ms). */
const LOOK_MS = 2_000
/** After a look or a renewal that failed (ms). */
const RETRY_MS = 1_000
/** A holder that has this little of its turn left has missed a renewal (ms): the turn will probably end. */
const MISSED_MS = UPKEEP_TERM_MS - 1.5 * RENEW_MS
/** The shortest wait for the end of a turn (ms). */
const SHORTEST_MS = 50
/** More replicas than this are counted as so many: so that one that is left over does not wait for minutes. */
const MOST_STANDBYS = 15
/** A run that lasts longer than this hangs, or has much to do (ms). Its process leaves the rest to another. */
export const STUCK_MS = 60_000
/** After so many failures of some work in a row, another replica may do better. */
export const FAILURES = 3
/** How long a replica that failed lets others go first (ms). */
export const STAND_BACK_MS = 5_000

/** How a process stands to a turn after it looked. */
export type Look =
  | Readonly<{
      /** The turn is this process's, until then by its monotonic clock (ms). */
      until_ms: number
    }>
  | Readonly<{
      /** Another process has it. */
      until_ms: undefined
      /** How often processes without the turn have looked, this time included. */
      looks: number
      /** When the turn ends unless its holder takes it again, from now (ms); 0 if it has ended. */
      ends_in_ms: number
    }>

/** What a replica knows about the turn. */
export type Standing = Readonly<{
  /** Until when the turn is this replica's, by its monotonic clock (ms); undefined: it is not. */
  until_ms: number | undefined
  /** How many replicas are without the turn, this one included, as far as it knows. */
  standbys: number
  /** The number of looks when this replica last looked; undefined if it did not. */
  looks: number | undefined
  /** How long until it looks again (ms). */
  wait_ms: number
}>

/** A replica that has not looked yet. */
export const BEGINNING: Standing = { until_ms: undefined, standbys: 1, looks: undefined, wait_ms: LOOK_MS }

/**
 * Concludes from a look how the replica stands.
 *
 * Between two looks of one replica every other one looks about once. So the count of looks tells how many they are, and each
 * waits so many times as long: together they look as often as one alone, up to MOST_STANDBYS of them. One that notices that
 * the holder is late looks again just when the turn ends.
 */
export const afterLook = (before: Standing, look: Look): Standing => {
  if (look.until_ms !== undefined)
    return { until_ms: look.until_ms, standbys: before.standbys, looks: undefined, wait_ms: RENEW_MS }
  const { looks, ends_in_ms } = look
  const since = before.looks === undefined ? before.standbys : looks - before.looks
  const standbys = Math.min(Math.max(1, since), MOST_STANDBYS)
  const ends_soon = ends_in_ms > 0 && ends_in_ms < MISSED_MS
  const wait_ms = ends_soon ? Math.max(SHORTEST_MS, ends_in_ms) : LOOK_MS * standbys
  return { until_ms: undefined, standbys, looks, wait_ms }
}

/** After a look that failed: a turn lasts as long as it was known to. @param now_ms monotonic. */
export const afterFailure = (before: Standing, now_ms: number): Standing => ({
  ...before,
  until_ms: isHeld(before, now_ms) ? before.until_ms : undefined,
  wait_ms: RETRY_MS,
})

/** After the replica gave up its turn, or could not take it. @param wait_ms how long others go first. */
export const stoodBack = (before: Standing, wait_ms = LOOK_MS): Standing => ({
  ...before,
  until_ms: undefined,
  looks: undefined,
  wait_ms,
})

/** Whether the turn is the replica's. @param now_ms monotonic. */
export const isHeld = ({ until_ms }: Pick<Standing, 'until_ms'>, now_ms: number): boolean =>
  until_ms !== undefined && now_ms < until_ms

/**
 * How long a replica waits between two looks for work that any of them may do (ms). The holder looks at the interval, and all
 * others together once more in it.
 */
export const sharedInterval = (standing: Standing, interval_ms: number, now_ms: number): number =>
  isHeld(standing, now_ms) ? interval_ms : interval_ms * standing.standbys
