// Watches whether the stream takes events, logs when it does not, and says so with each answer.
//
// A nats-server whose disk was full keeps answering requests, but takes no event until it is restarted. Without this, nobody
// would notice, because all calls succeed.
import { JetStreamApiError } from '@nats-io/jetstream'
import { headers, type Msg, type MsgHdrs, RequestError, TimeoutError } from '@nats-io/nats-core'
import type { Clock } from '../process/clock.ts'
import type { Log } from '../process/log.ts'

/** After how long without a success publishing counts as stalled (ms). Each try alone waits for five seconds. */
const STALLED_MS = 15_000
/** How long to believe what an answer said about its service (ms). */
const BELIEVED_MS = 60_000
/** The header of answers of a service whose events are stalled. */
const STALLED = 'Loops-Events-Stalled'

export const STALLED_ADVICE =
  'NATS can be reached and takes no events. Its disk may be full: free some space, then restart nats-server. Calls go on; events and mails wait until then, and none is lost.'

/** Whether events are stalled in this process and, as far as their answers say, in other services. */
export type EventsHealth = Readonly<{
  published: () => void
  /** Counts a failure, unless its error says nothing about the stream as a whole. */
  failed: (error: unknown) => void
  /** The headers of answers while events of this process are stalled. */
  forAnswer: () => MsgHdrs | undefined
  /** Notes what an answer says about its service. */
  heard: (service: string, answer: Msg) => void
  /** The services whose events are stalled. */
  stalled: () => readonly string[]
}>

/** Whether no other event would have been taken either, unlike for an event that is too large or forbidden. */
const isOfStream = (error: unknown): boolean =>
  error instanceof TimeoutError ||
  // Nobody listens: there is no such stream, or no JetStream.
  (error instanceof Error && error.cause instanceof RequestError) ||
  (error instanceof JetStreamApiError && error.status >= 500)

/** Starts to watch. @param name of the service that this process runs. */
export const watchEvents = (name: string, clock: Clock, log: Log): EventsHealth => {
  let failing_since_ms: number | undefined
  let logged = false
  const others = new Map<string, number>()
  const isStalled = (): boolean =>
    failing_since_ms !== undefined && clock.monotonicMs() - failing_since_ms >= STALLED_MS
  return {
    published: () => {
      if (logged) log.warn('NATS takes events again')
      failing_since_ms = undefined
      logged = false
    },
    failed: (error) => {
      if (!isOfStream(error)) return
      failing_since_ms ??= clock.monotonicMs()
      if (logged || !isStalled()) return
      logged = true
      log.error('no event can be published', { advice: STALLED_ADVICE, error })
    },
    forAnswer: () => {
      if (!isStalled()) return undefined
      const h = headers()
      h.set(STALLED, 'true')
      return h
    },
    heard: (service, answer) => {
      if (answer.headers?.has(STALLED)) others.set(service, clock.monotonicMs())
    },
    stalled: () => [
      ...(isStalled() ? [name] : []),
      ...[...others].flatMap(([service, at_ms]) =>
        clock.monotonicMs() - at_ms < BELIEVED_MS ? [service] : [],
      ),
    ],
  }
}
