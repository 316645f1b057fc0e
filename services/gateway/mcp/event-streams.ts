// The streams of `events/stream`: each tells its client of occurrences while its connection is good. Nothing is kept for a
// client that has gone: it comes back with its cursor, to any gateway.
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { AppError, asAppError } from '../../../shared/contracts/define/errors.ts'
import { includesScope } from '../../../shared/contracts/define/scopes.ts'
import type { Position } from '../../../shared/events/event-cursor.ts'
import type { EventPage } from '../../../shared/events/event-pages.ts'
import { sourcesOf } from '../../../shared/events/occurrence-rules.ts'
import type { Passed, Watch } from '../../../shared/events/watch.ts'
import type { Clock } from '../../../shared/process/clock.ts'
import { pause } from '../../../shared/process/lifecycle.ts'
import type { Log } from '../../../shared/process/log.ts'
import type { Connection } from './call-tool.ts'
import { type AskedEvents, type EventError, eventError, exhausted, forbidden } from './event-protocol.ts'
import { interruptible } from './held-calls.ts'
import { createStreams, KEEP_ALIVE_MS, MAX_STREAMS_OF_CONNECTION, RECHECK_MS, UNREAD_MS } from './streams.ts'

/** Occurrences that are written before the client has read those before. */
const PAGE = 50
/** How often is looked whether the client has read what was sent to it (ms). */
const READ_LOOK_MS = 50
/** An event that passed may not be in every copy of the stream at once: so long it is looked for, this far apart (ms). */
const ARRIVES_MS = 2_000
const ARRIVAL_LOOK_MS = 100
/** Events that are looked for at most; what is behind them is found at the next heartbeat. */
const MAX_AWAITED = 100
/** The pause after a failure (ms). */
const RETRY_MS = 1_000

/** A message of a stream. */
export type EventFrame = Readonly<{
  kind: 'active' | 'event' | 'heartbeat' | 'error' | 'terminated'
  params: Readonly<Record<string, unknown>>
}>

/** A request for a stream. */
export type AskedStream = Readonly<{
  asked: AskedEvents
  /** Where it begins; undefined: now. */
  from: Position | undefined
  connection: Connection
  /** Aborts when the client has gone. */
  signal: AbortSignal
  send: (frame: EventFrame) => Promise<void>
  /** Whether the client has read what was sent. */
  isRead: () => boolean
}>

export type EventStreams = Readonly<{
  /**
   * Serves a stream until its client goes, its connection ends, or the gateway stops.
   * @throws ProtocolError when there is no place for it.
   */
  serve: (stream: AskedStream) => Promise<void>
  /** How many are open. */
  count: () => number
  /** Ends them all, and serves none for long from now on. */
  end: () => void
}>

export type StreamDeps = Readonly<{
  watch: Watch
  clock: Clock
  random: () => number
  log: Log
  /** The position of a stream that begins now. */
  now: () => Promise<Position>
  /** A page for a caller as they are now. */
  page: (
    asked: Readonly<{
      asked: AskedEvents
      from: Position
      max: number
      compare: boolean
      max_age_ms?: number | undefined
    }>,
    who: Readonly<{ caller: Caller; request_id: string }>,
    signal: AbortSignal,
  ) => Promise<EventPage>
  seal: (workspace_id: string, position: Position) => string
}>

/** Why a stream ends: the client need not know, has a token that is too old, or may not read any more. */
type End = Readonly<{ error?: EventError }>

/** Whether a stream may go on for its connection; undefined: it may. */
const endOf = async ({ recheck, expires_at }: Connection, clock: Clock): Promise<End | Caller> => {
  const caller = await recheck()
  // Not an end of the access: its client comes back with a new token.
  if (!caller && expires_at !== undefined && expires_at * 1_000 <= clock.now().getTime()) return {}
  if (!caller) return { error: forbidden('Access revoked') }
  return includesScope(caller.scopes, 'loops:read')
    ? caller
    : { error: forbidden('This needs the scope loops:read') }
}

const isCaller = (one: End | Caller): one is Caller => 'user_id' in one

/** Hears what passes, and keeps which events are still to be found in the stream. */
const awaiting = ({ watch, clock }: StreamDeps, { asked, connection }: AskedStream, wake: () => void) => {
  const sources = new Set(sourcesOf(asked.subscription.name))
  const awaited = new Map<string, number>()
  let read_last: ReadonlySet<string> = new Set()
  const leave = watch.listen(connection.caller.workspace_id, (passed: Passed) => {
    // One that was read before it passed here needs no look.
    if (passed && (!sources.has(passed.type) || read_last.has(passed.id ?? ''))) return
    if (passed?.id !== undefined && awaited.size < MAX_AWAITED)
      awaited.set(passed.id, clock.monotonicMs() + ARRIVES_MS)
    wake()
  })
  return {
    leave,
    /** Takes off what was found, and what did not come. @returns whether some is still to come. */
    found: (read: ReadonlySet<string>): boolean => {
      if (read.size > 0) read_last = read
      const now_ms = clock.monotonicMs()
      for (const [id, until_ms] of awaited) if (read.has(id) || until_ms <= now_ms) awaited.delete(id)
      return awaited.size > 0
    },
  }
}

/** Waits until a client has read what was sent to it. @returns false: it does not read. */
const untilRead = async ({ isRead }: AskedStream, clock: Clock, signal: AbortSignal): Promise<boolean> => {
  const end_ms = clock.monotonicMs() + UNREAD_MS
  while (!isRead() && !signal.aborted) {
    if (clock.monotonicMs() >= end_ms) return false
    await pause(READ_LOOK_MS, signal)
  }
  return true
}

/** What one stream sends: what happened since it last looked, as its client sees it now. */
const openTeller = (
  deps: StreamDeps,
  { asked, connection, from: start, send }: AskedStream,
  found: (read: ReadonlySet<string>) => boolean,
  signal: AbortSignal,
) => {
  const { workspace_id } = connection.caller
  const { request_id } = connection
  let [from, isFirst] = [start, true]
  const cursorOf = (position: Position): string => deps.seal(workspace_id, position)
  return {
    isActive: (): boolean => !isFirst,
    /** Looks once. @returns whether there may be more at once; or why the stream ends. */
    look: async (compare: boolean): Promise<End | boolean> => {
      const caller = await endOf(connection, deps.clock)
      if (!isCaller(caller)) return caller
      from ??= await deps.now()
      const max_age_ms = isFirst ? asked.max_age_ms : undefined
      const page = await deps.page(
        { asked, from, max: PAGE, compare: compare || isFirst, max_age_ms },
        { caller, request_id },
        signal,
      )
      if (signal.aborted) return {}
      if (isFirst || page.truncated)
        await send({ kind: 'active', params: { cursor: cursorOf(page.start), truncated: page.truncated } })
      isFirst = false
      for (const { occurrence, position } of page.occurrences)
        if (!signal.aborted)
          await send({ kind: 'event', params: { ...occurrence, cursor: cursorOf(position) } })
      from = page.position
      const isToCome = found(page.read)
      if (page.more || !page.caught_up) return true
      if (isToCome) await pause(ARRIVAL_LOOK_MS, signal)
      return isToCome
    },
    beat: async (): Promise<void> => {
      if (from) await send({ kind: 'heartbeat', params: { cursor: cursorOf(from) } })
    },
  }
}

/** Looks again and again until it works, and says once that it does not: the next look begins where this one did. */
const trying = async (
  look: () => Promise<End | boolean>,
  { log }: StreamDeps,
  { connection: { request_id }, send }: AskedStream,
  signal: AbortSignal,
): Promise<End | boolean> => {
  for (let failures = 0; ; failures += 1)
    try {
      return await look()
    } catch (fault) {
      if (signal.aborted) return {}
      const error = asAppError(fault, request_id)
      if (error !== fault) log.error('a stream of events failed', { request_id, error: fault })
      if (failures === 0) await send({ kind: 'error', params: { error: eventError(error) } })
      await pause(RETRY_MS, signal)
    }
}

/** Follows one subscription. @returns why it ended. @throws what its first look does. */
const follow = async (
  deps: StreamDeps,
  stream: AskedStream,
  { signal, spread_ms }: Readonly<{ signal: AbortSignal; spread_ms: () => number }>,
): Promise<End> => {
  const { clock } = deps
  const { wait, wake } = interruptible(signal)
  // Before the first look, so that nothing passes unheard after it.
  const { leave, found } = awaiting(deps, stream, wake)
  const { look, beat, isActive } = openTeller(deps, stream, found, signal)
  let beat_ms = clock.monotonicMs() + KEEP_ALIVE_MS
  try {
    while (!signal.aborted) {
      const isDue = clock.monotonicMs() >= beat_ms
      const looked = isActive() ? await trying(() => look(isDue), deps, stream, signal) : await look(true)
      if (typeof looked !== 'boolean') return looked
      if (!(await untilRead(stream, clock, signal))) return {}
      if (isDue) {
        // At fixed times, whatever else was sent: when it comes must not tell that something passed unseen.
        while (beat_ms <= clock.monotonicMs()) beat_ms += KEEP_ALIVE_MS
        await beat()
      }
      if (looked) continue
      if (await wait(Math.max(0, beat_ms - clock.monotonicMs()))) await pause(spread_ms(), signal)
    }
    return {}
  } finally {
    leave()
  }
}

/** Ends a stream when its connection does. */
const guard = async (
  { clock, log }: StreamDeps,
  { connection }: AskedStream,
  signal: AbortSignal,
): Promise<End> => {
  while (!signal.aborted) {
    await pause(RECHECK_MS, signal)
    try {
      const now = signal.aborted ? undefined : await endOf(connection, clock)
      if (now && !isCaller(now)) return now
    } catch (error) {
      log.debug('a connection could not be checked', { error })
    }
  }
  return {}
}

/** Starts with none. */
export const createEventStreams = (deps: StreamDeps): EventStreams => {
  const streams = createStreams(deps.random)
  return {
    serve: async (stream) => {
      const { grant_id, caller } = stream.connection
      const { workspace_id } = caller
      if (streams.isEnded())
        throw new AppError('unavailable', 'This server is stopping.', { retry_after_ms: RETRY_MS })
      const gone = streams.open({ grant_id, workspace_id }, stream.signal)
      if (!gone) throw exhausted('streams', MAX_STREAMS_OF_CONNECTION)
      const { signal } = gone
      try {
        const spread_ms = (): number => streams.spread_ms(workspace_id)
        const following = follow(deps, stream, { signal, spread_ms })
        const end = await Promise.race([following, guard(deps, stream, signal)])
        gone.abort()
        // So that nothing is sent behind the last word.
        await Promise.allSettled([following])
        if (end.error && !stream.signal.aborted)
          await stream.send({ kind: 'terminated', params: { error: end.error } })
      } finally {
        gone.abort()
      }
    },
    count: streams.count,
    end: streams.end,
  }
}
