// The streams of `subscriptions/listen`: each notifies its client when it is time to read again, while its connection is
// good. Nothing is kept for a client that has gone.

import type { ServerEvent, ServerEventBus } from '@modelcontextprotocol/server'
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import type { Watch } from '../../../shared/events/watch.ts'
import type { Clock } from '../../../shared/process/clock.ts'
import { pause } from '../../../shared/process/lifecycle.ts'
import type { Log } from '../../../shared/process/log.ts'
import type { CountCall } from '../limits/calls.ts'
import { type Connection, refuseTooMany } from './call-tool.ts'
import type { Catalog } from './catalog.ts'
import { interruptible } from './held-calls.ts'
import { RETRY_AFTER_MS } from './load.ts'
import { paced } from './paced-body.ts'
import { namedBy } from './resources.ts'
import type { FindSight } from './sight.ts'
import { createStreams, KEEP_ALIVE_MS, MAX_STREAMS_OF_CONNECTION, RECHECK_MS, UNREAD_MS } from './streams.ts'
import { afterEvent, EVERYTHING, NOTHING, type Subscribed, urisToNotify } from './subscription-rules.ts'

/** Most resources of one stream. */
const MAX_RESOURCES = 50
/** The pause after a notice (ms). Whatever happens in it makes one notice for each resource. */
const BETWEEN_MS = 250

/** A request to listen. */
export type ToListen = Readonly<{
  connection: Connection
  /** The resources that it names. */
  uris: readonly string[]
  /** Aborts when the client has gone. */
  signal: AbortSignal
  /** Makes the protocol’s own part, which answers with a stream of what `bus` publishes. */
  answer: (
    options: Readonly<{ bus: ServerEventBus; maxSubscriptions: number; keepAliveMs: number }>,
  ) => Readonly<{
    response: Promise<Response>
    /** Ends the stream with a result. */
    close: () => Promise<void>
  }>
}>

export type Subscriptions = Readonly<{
  /**
   * Opens a stream.
   * @throws AppError `limit_exceeded`, `rate_limited`, or `unavailable` when no more can be opened here or now.
   */
  open: (asked: ToListen) => Promise<Response>
  /** How many are open. */
  count: () => number
  /** Ends them all, and opens none from now on. */
  end: () => void
}>

export type SubscriptionDeps = Readonly<{
  watch: Watch
  clock: Clock
  random: () => number
  log: Log
  catalog: Catalog
  findSight: FindSight
  /** Counts a call of a connection. @returns 0, or how long to wait (ms). */
  countCall: CountCall
}>

const subscribedTo = (uris: readonly string[]): Subscribed => {
  if (uris.length > MAX_RESOURCES)
    throw new AppError('limit_exceeded', `A stream takes at most ${MAX_RESOURCES} resources.`, {
      hint: 'Name fewer, or open another stream.',
    })
  return new Map(
    uris.flatMap((uri) => {
      const named = namedBy(uri)
      return named ? [[uri, named] as const] : []
    }),
  )
}

/** What decides which tools somebody is offered, and which loops they see. */
const standingOf = ({ role, scopes }: Caller): string => [role, ...scopes].join(' ')

/** A subscription from its first look on. */
type Followed = Readonly<{
  /** Looks whether it is still good. @returns false: it should end. */
  check: () => Promise<boolean>
  /** Waits until there may be something to say. */
  wait: () => Promise<unknown>
  /** Notifies the client of it. */
  notify: () => Promise<void>
}>

/** How a subscription reaches its client. */
type Line = Readonly<{ send: (event: ServerEvent) => void; isRead: () => boolean }>

/** Hears what passes for one subscription, and looks at what its client sees. It ends when `gone` aborts. */
const follow = async (
  { catalog, clock, findSight, watch }: SubscriptionDeps,
  { connection: { caller: first, request_id, recheck }, uris }: ToListen,
  gone: AbortSignal,
): Promise<(line: Line) => Followed> => {
  const subscribed = subscribedTo(uris)
  const { wait, wake } = interruptible(gone)
  let pending = NOTHING
  // Before the first look, so that nothing passes unheard after it.
  const leave = watch.listen(first.workspace_id, (passed) => {
    const next = afterEvent(pending, subscribed, passed)
    if (next === pending) return
    pending = next
    wake()
  })
  gone.addEventListener('abort', leave, { once: true })
  const look = (caller: Caller) => findSight(subscribed, { caller, request_id }, gone)
  const toolsOf = ({ scopes }: Caller): string =>
    JSON.stringify(catalog.listFor(scopes).map(({ name }) => name))
  let before = await look(first)
  let [standing, tools] = [standingOf(first), toolsOf(first)]
  return ({ send, isRead }) => {
    let read_ms = clock.monotonicMs()
    return {
      check: async () => {
        const caller = await recheck()
        if (!caller) return false
        if (standingOf(caller) !== standing) pending = { ...pending, sight: true }
        // Also for what could not be said until now.
        if (pending !== NOTHING) wake()
        if (isRead()) read_ms = clock.monotonicMs()
        return clock.monotonicMs() - read_ms < UNREAD_MS
      },
      wait: () => wait(UNREAD_MS),
      notify: async () => {
        const caller = await recheck()
        if (!caller || !isRead()) return
        if (toolsOf(caller) !== tools) send({ kind: 'tools_list_changed' })
        ;[standing, tools] = [standingOf(caller), toolsOf(caller)]
        const changed = pending
        if (changed === NOTHING) return
        pending = NOTHING
        try {
          const now = await look(caller)
          for (const uri of urisToNotify(subscribed, changed, before, now))
            send({ kind: 'resource_updated', uri })
          before = now
        } catch (error) {
          pending = EVERYTHING
          throw error
        }
      },
    }
  }
}

/** Runs a subscription until it should end, which aborts `gone`, or something else aborts it. */
const run = async (
  { check, wait, notify }: Followed,
  { gone, log, spread_ms }: Readonly<{ gone: AbortController; log: Log; spread_ms: () => number }>,
): Promise<void> => {
  const { signal } = gone
  /** What a service or the database does not answer now is asked again later. */
  const trying = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      log.debug('a subscription could not be served', { error })
      return undefined
    }
  }
  const checking = async (): Promise<void> => {
    while (!signal.aborted) {
      await pause(RECHECK_MS, signal)
      if (!signal.aborted && (await trying(check)) === false) gone.abort()
    }
  }
  const notifying = async (): Promise<void> => {
    while (!signal.aborted) {
      await wait()
      await pause(spread_ms(), signal)
      if (!signal.aborted) await trying(notify)
      await pause(BETWEEN_MS, signal)
    }
  }
  await Promise.all([checking(), notifying()])
}

const noPlace = (): AppError =>
  new AppError('unavailable', 'No more streams can be opened here now.', {
    hint: `A connection has at most ${MAX_STREAMS_OF_CONNECTION} at a time: close one, or try again later.`,
    retry_after_ms: RETRY_AFTER_MS,
  })

/** Starts with none. */
export const createSubscriptions = (deps: SubscriptionDeps): Subscriptions => {
  const log = deps.log.child('subscriptions')
  const streams = createStreams(deps.random)
  const take = ({ connection, signal }: ToListen): AbortController => {
    const { grant_id, caller } = connection
    refuseTooMany(deps, connection)
    const gone = streams.open({ grant_id, workspace_id: caller.workspace_id }, signal)
    if (!gone) throw noPlace()
    return gone
  }
  return {
    open: async (asked) => {
      if (asked.signal.aborted) return new Response(null, { status: 499 })
      const gone = take(asked)
      try {
        const followed = await follow(deps, asked, gone.signal)
        let send: Line['send'] | undefined
        const subscribe: ServerEventBus['subscribe'] = (listener) => {
          send = listener
          return () => gone.abort()
        }
        const bus = { subscribe, publish: () => undefined }
        const { response, close } = asked.answer({ bus, maxSubscriptions: 1, keepAliveMs: KEEP_ALIVE_MS })
        const answered = await response
        // Refused, or it asks for nothing that this server notifies of.
        if (!send || !answered.body) {
          gone.abort()
          return answered
        }
        const { body, isRead } = paced(answered.body)
        const { workspace_id } = asked.connection.caller
        const spread_ms = (): number => streams.spread_ms(workspace_id)
        void run(followed({ send, isRead }), { gone, log, spread_ms }).finally(close)
        return new Response(body, answered)
      } catch (error) {
        gone.abort()
        throw error
      }
    },
    count: streams.count,
    end: streams.end,
  }
}
