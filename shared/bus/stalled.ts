// Whether the stream of events takes what is published. A nats-server whose disk was full answers requests and takes no event
// until it is started again, while everybody's calls go well: so this is watched, logged, and said with each answer.
import { JetStreamApiError } from '@nats-io/jetstream'
import { headers, type Msg, type MsgHdrs, RequestError, TimeoutError } from '@nats-io/nats-core'
import type { Clock } from '../process/clock.ts'
import type { Log } from '../process/log.ts'

/** Publishing that fails for so long without a success stands still (ms). Each try alone waits for five seconds. */
const STALLED_MS = 15_000
/** How long what an answer said of another service is believed (ms). */
const BELIEVED_MS = 60_000
/** The header of answers of a service whose events stand still. */
const STALLED = 'Loops-Events-Stalled'

export const STALLED_ADVICE =
  'NATS can be reached and takes no events. Its disk may be full: free some space, then restart nats-server. Calls go on; events and mails wait until then, and none is lost.'

/** How publishing goes, here and, as far as their answers say, in other services. */
export type EventsHealth = Readonly<{
  published: () => void
  /** @param error of a try that failed: what says nothing of the stream as a whole is not counted. */
  failed: (error: unknown) => void
  /** Headers of an answer while events of this process stand still. */
  forAnswer: () => MsgHdrs | undefined
  /** Takes in what an answer says of its service. */
  heard: (service: string, answer: Msg) => void
  /** The services whose events stand still. */
  stalled: () => readonly string[]
}>

/** Whether no other event would have been taken either: one that is too large or forbidden blames itself. */
const isOfStream = (error: unknown): boolean =>
  error instanceof TimeoutError ||
  // Nobody listens: there is no such stream, or no JetStream.
  (error instanceof Error && error.cause instanceof RequestError) ||
  (error instanceof JetStreamApiError && error.status >= 500)

/** Starts to watch. @param name of the service that this process is. */
export const watchEvents = (name: string, clock: Clock, log: Log): EventsHealth => {
  let failing_since_ms: number | undefined
  let told = false
  const others = new Map<string, number>()
  const isStalled = (): boolean =>
    failing_since_ms !== undefined && clock.monotonicMs() - failing_since_ms >= STALLED_MS
  return {
    published: () => {
      if (told) log.warn('NATS takes events again')
      failing_since_ms = undefined
      told = false
    },
    failed: (error) => {
      if (!isOfStream(error)) return
      failing_since_ms ??= clock.monotonicMs()
      if (told || !isStalled()) return
      told = true
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
