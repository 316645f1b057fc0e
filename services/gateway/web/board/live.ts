// The streams of open pages: each says when it is time to look again, and nothing else.
//
// One subscription for each workspace in a gateway, whoever listens. What happened in a private loop is told only to those who
// see that loop. A stream that missed something says so once; the page reads what there is.
import type { Caller } from '../../../../shared/contracts/define/contract.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import type { Passed, Watch } from '../../../../shared/events/watch.ts'
import type { Ids } from '../../../../shared/process/ids.ts'
import { pause } from '../../../../shared/process/lifecycle.ts'
import type { Log } from '../../../../shared/process/log.ts'
import { interruptible } from '../../mcp/held-calls.ts'
import { createPlaces } from '../../mcp/places.ts'
import { addPassed, type Changes, NO_CHANGES, type Subject } from './live-rules.ts'

/** Most open pages of a gateway, and of one browser. */
const MAX_STREAMS = 5_000
const MAX_STREAMS_OF_SESSION = 50
/** The least time between two notices (ms): whatever happens in it makes one. */
const BETWEEN_MS = 400
/** How soon after an event the first notice goes out (ms). */
const SOON_MS = 60
/** How often a quiet stream says that it lives (ms), which also keeps proxies from closing it. */
const KEEP_ALIVE_MS = 20_000
/** How often a stream looks whether its browser is still signed in (ms). What it could tell until then is only "look". */
const RECHECK_MS = 300_000
/** How long a workspace is listened to after a page of it was made or left (ms). */
const LINGER_MS = 120_000
/** Notices that a client may leave unread before its stream is ended. */
const MAX_UNREAD = 20

/** A request for a stream. */
export type ToWatch = Readonly<{
  workspace_id: string
  session_id: string
  /** What the page is about; undefined: the whole workspace. */
  subject: Subject | undefined
  /** The mark of the page; see Live.mark. */
  since: string
  /** Who looks now; undefined: nobody who may. */
  recheck: () => Promise<Caller | undefined>
  /** Which of these changes somebody sees. */
  sees: (caller: Caller, changes: Changes) => Promise<boolean>
  /** Aborts when the browser has gone. */
  signal: AbortSignal
}>

export type Live = Readonly<{
  /** What a page that is being made now can say of how much it knows. */
  mark: (workspace_id: string) => string
  /** Opens a stream. @throws AppError `unavailable` when there is no place. */
  open: (asked: ToWatch) => ReadableStream<Uint8Array>
  /** How many are open. */
  count: () => number
  /** Ends them all, and opens none from now on. */
  end: () => void
}>

type Hub = { seen: number; hidden: number; leave: () => void; used: number }
type Sink = ReadableStreamDefaultController<Uint8Array>

const bytes = new TextEncoder()
const KEEP_ALIVE = bytes.encode(': \n\n')

const tooMany = (): AppError =>
  new AppError('unavailable', 'Too many pages are open here. This one is not kept up to date; reload it.', {
    retry_after_ms: 30_000,
  })

/** The workspaces that are listened to, and how much happened in each since. */
const createHubs = (watch: Watch, ended: AbortSignal) => {
  const hubs = new Map<string, Hub>()
  const lingering = async (workspace_id: string, hub: Hub): Promise<void> => {
    for (let used = -1; used !== hub.used && !ended.aborted; ) {
      used = hub.used
      await pause(LINGER_MS, ended)
    }
    hubs.delete(workspace_id)
    hub.leave()
  }
  const hubOf = (workspace_id: string): Hub => {
    const known = hubs.get(workspace_id)
    if (known) return known
    const hub: Hub = { seen: 0, hidden: 0, leave: () => {}, used: 0 }
    hub.leave = watch.listen(workspace_id, (passed) => {
      const { everybody } = addPassed(NO_CHANGES, undefined, passed)
      if (everybody) hub.seen += 1
      else hub.hidden += 1
    })
    hubs.set(workspace_id, hub)
    if (!ended.aborted) void lingering(workspace_id, hub)
    return hub
  }
  return (workspace_id: string): Hub => {
    const hub = hubOf(workspace_id)
    hub.used += 1
    return hub
  }
}

/** Opens the streams of a gateway. */
export const openLive = ({ watch, ids, log }: Readonly<{ watch: Watch; ids: Ids; log: Log }>): Live => {
  const over = new AbortController()
  const places = createPlaces({
    max: MAX_STREAMS,
    max_of_connection: MAX_STREAMS_OF_SESSION,
    random: ids.random,
  })
  const sinks = new Set<Sink>()
  const hubOf = createHubs(watch, over.signal)
  const process_id = ids.next()
  const markOf = ({ seen, hidden }: Hub): string => `${process_id}.${seen}.${hidden}`
  void keepAlive(sinks, over.signal)
  return {
    mark: (workspace_id) => markOf(hubOf(workspace_id)),
    open: (asked) => {
      const { workspace_id, session_id, signal, since } = asked
      const free = over.signal.aborted ? undefined : places.take({ grant_id: session_id, workspace_id })
      if (!free) throw tooMany()
      const gone = AbortSignal.any([signal, over.signal])
      const missed = missedBy(since, markOf(hubOf(workspace_id)))
      return new ReadableStream<Uint8Array>({
        start: (sink) => {
          sinks.add(sink)
          sink.enqueue(bytes.encode('retry: 1000\n\n'))
          void follow({ watch, log, places }, asked, { sink, gone, missed }).finally(() => {
            free()
            sinks.delete(sink)
            close(sink)
          })
        },
      })
    },
    count: places.count,
    end: () => over.abort(),
  }
}

const close = (sink: Sink): void => {
  try {
    sink.close()
  } catch {
    // The browser has closed it already.
  }
}

/** What happened between the making of a page and its stream. A page of another gateway may have missed anything. */
const missedBy = (since: string, mark: string): Changes => {
  if (since === mark) return NO_CHANGES
  const [process_id, seen] = since.split('.')
  const [own, now] = mark.split('.')
  return process_id === own && seen === now
    ? { ...NO_CHANGES, hidden: true }
    : { ...NO_CHANGES, everybody: true }
}

const keepAlive = async (sinks: ReadonlySet<Sink>, ended: AbortSignal): Promise<void> => {
  while (!ended.aborted) {
    await pause(KEEP_ALIVE_MS, ended)
    for (const sink of sinks) if ((sink.desiredSize ?? 0) > -MAX_UNREAD) sink.enqueue(KEEP_ALIVE)
  }
}

type Followed = Readonly<{ sink: Sink; gone: AbortSignal; missed: Changes }>
type FollowDeps = Readonly<{
  watch: Watch
  log: Log
  places: { spread_ms: (workspace_id: string) => number }
}>

/** Hears what passes until the browser has gone, and tells it. */
const follow = async (
  { watch, log, places }: FollowDeps,
  { workspace_id, subject, recheck, sees }: ToWatch,
  { sink, gone, missed }: Followed,
): Promise<void> => {
  const { wait, wake } = interruptible(gone)
  let pending = missed
  let version = 0
  const leave = watch.listen(workspace_id, (passed: Passed) => {
    const next = addPassed(pending, subject, passed)
    if (next === pending) return
    pending = next
    wake()
  })
  try {
    if (pending !== NO_CHANGES) wake()
    while (!gone.aborted) {
      const woken = await wait(RECHECK_MS)
      if (gone.aborted) return
      if (woken) await pause(SOON_MS + places.spread_ms(workspace_id), gone)
      const changes = pending
      pending = NO_CHANGES
      const caller = await recheck()
      if (!caller || caller.workspace_id !== workspace_id) return
      const told = changes.everybody || (changes !== NO_CHANGES && (await sees(caller, changes)))
      if (gone.aborted || (sink.desiredSize ?? 0) < -MAX_UNREAD) return
      if (told) {
        version += 1
        sink.enqueue(bytes.encode(`event: changed\ndata: ${version}\n\n`))
      }
      await pause(BETWEEN_MS, gone)
    }
  } catch (error) {
    log.debug('a stream of a page ended', { error })
  } finally {
    leave()
  }
}
