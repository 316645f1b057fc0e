// Passes events of the stream to reactions, through one durable consumer per service.
//
// Reactions are idempotent by event id. An event that is given up first becomes a dead letter, so that none disappears
// without a trace.
import type { JsMsg } from '@nats-io/jetstream'
import type { Bus } from '../bus/connect.ts'
import { AppError } from '../contracts/define/errors.ts'
import type { Clock } from '../process/clock.ts'
import { pause, repeat } from '../process/lifecycle.ts'
import type { Log } from '../process/log.ts'
import { consumeGivenUp } from './advisories.ts'
import type { DeadLetters, GivenUp } from './dead-letter-store.ts'
import {
  holdPause,
  MAX_HOLD_MS,
  retryPause,
  UnknownEventError,
  type Verdict,
  verdictOn,
} from './deliveries.ts'
import { eventIdOf, type Reaction, reactTo } from './reactions.ts'
import { readMessages } from './read-messages.ts'
import { redriveAll } from './redrive.ts'
import { ACK_WAIT_MS, openConsumer, untilConsumers } from './streams.ts'

/** How many messages one process works on at once, not counting those that are held. */
const PARALLEL = 32
/** How often to look for dead letters that are to be tried again (ms). */
const REDRIVE_MS = 2_000

export type ConsumeOptions = Readonly<{
  deadLetters: DeadLetters
  clock: Clock
  random: () => number
  /** Turns a driver's error into an AppError; undefined for a fault of the program. */
  translate: (error: unknown) => AppError | undefined
  /** How often to tell the server that a message is still worked on (ms); after ACK_WAIT_MS it would deliver it again. */
  beat_ms?: number
  /** How long to wait between two looks at what several processes look at (ms); the same when absent. */
  shared?: (interval_ms: number) => number
}>

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const deadLetterOf = (durable: string, msg: JsMsg, error: unknown): GivenUp => {
  const payload = msg.string()
  return {
    durable,
    subject: msg.subject,
    stream_seq: msg.seq,
    event_id: eventIdOf(payload),
    payload,
    reason: reasonOf(error),
    deliveries: msg.info.deliveryCount,
  }
}

/** Tells the server that a message is still worked on, until it is disposed of. */
const keepAlive = (bus: Bus, msg: JsMsg, beat_ms: number): Disposable => {
  const handle = setInterval(() => {
    if (!bus.nc.isClosed()) msg.working()
  }, beat_ms)
  return { [Symbol.dispose]: () => clearInterval(handle) }
}

/** One delivery of a message, and when it arrived (monotonic, ms). */
type Delivery = Readonly<{ msg: JsMsg; since_ms: number }>

/**
 * Makes the function that tries the reaction to a message and answers the server.
 * @returns of that function: null when the message is answered, else the error for which it must be held.
 */
const trying = (
  durable: string,
  reactions: readonly Reaction[],
  options: ConsumeOptions &
    Readonly<{ faultOf: (error: unknown) => AppError | undefined; log: Log }> &
    Pick<Bus, 'metrics' | 'tracing'>,
) => {
  const { deadLetters, clock, random, faultOf, log, metrics, tracing } = options
  const count = (outcome: 'done' | 'again' | 'held' | 'give_up'): void =>
    metrics.count('loops_consumer_events_total', { service: durable, outcome })
  const retry = (msg: JsMsg, error: unknown): number => {
    const pause_ms = retryPause(error, msg.info.deliveryCount, random())
    msg.nak(pause_ms)
    return pause_ms
  }
  const answerFailure = async (
    msg: JsMsg,
    verdict: Exclude<Verdict, 'hold'>,
    error: unknown,
  ): Promise<void> => {
    const facts = { subject: msg.subject, sequence: msg.seq, deliveries: msg.info.deliveryCount, error }
    const isUnknown = error instanceof UnknownEventError
    if (verdict === 'give_up') {
      // A newer replica, which knows the event, redrives it by itself.
      await deadLetters.put(deadLetterOf(durable, msg, error), isUnknown)
      log.error('event given up; it is a dead letter now', facts)
      return msg.term(reasonOf(error))
    }
    const pause_ms = retry(msg, error)
    if (isUnknown) log.info('event put back for a newer replica', { ...facts, pause_ms })
    else log.warn('event will be tried again', { ...facts, pause_ms })
  }
  return async ({ msg, since_ms }: Delivery): Promise<unknown> => {
    const heldFor = (): number => clock.monotonicMs() - since_ms
    const start_ms = clock.monotonicMs()
    try {
      await reactTo(reactions, { subject: msg.subject, payload: msg.string() }, tracing)
    } catch (error) {
      const verdict = verdictOn(error, faultOf(error), msg.info.deliveryCount, heldFor())
      count(verdict === 'hold' ? 'held' : verdict)
      if (verdict === 'hold') return error
      try {
        await answerFailure(msg, verdict, error)
      } catch (unwritten) {
        if (heldFor() < MAX_HOLD_MS) return unwritten
        // On its last delivery, the server gives the message up and advises of that until it is a dead letter.
        retry(msg, error)
      }
      return null
    }
    msg.ack()
    count('done')
    const took_ms = clock.monotonicMs() - start_ms
    metrics.observe('loops_consumer_reaction_duration_seconds', { service: durable }, took_ms / 1_000)
    return null
  }
}

/** Makes the function that takes a message. It holds and retries a message in place while its reaction lacks something. */
const taking = (
  bus: Bus,
  attempt: ReturnType<typeof trying>,
  {
    clock,
    random,
    beat_ms = ACK_WAIT_MS / 3,
    log,
  }: Pick<ConsumeOptions, 'clock' | 'random' | 'beat_ms'> & Readonly<{ log: Log }>,
) => {
  const stop = new AbortController()
  const held = new Set<Promise<void>>()
  const hold = async (delivery: Delivery, why: unknown): Promise<void> => {
    const { msg } = delivery
    log.warn('event held until what it needs is back', {
      subject: msg.subject,
      sequence: msg.seq,
      error: why,
    })
    using _ = keepAlive(bus, msg, beat_ms)
    for (let tries = 1, error = why; error !== null; tries += 1) {
      await pause(holdPause(tries, random()), stop.signal)
      if (stop.signal.aborted) return msg.nak()
      error = await attempt(delivery)
    }
  }
  return {
    take: async (msg: JsMsg): Promise<void> => {
      using _ = keepAlive(bus, msg, beat_ms)
      const delivery = { msg, since_ms: clock.monotonicMs() }
      const why = await attempt(delivery)
      if (why === null) return
      const holding = hold(delivery, why)
        .catch((error: unknown) => log.warn('a held event will be delivered again', { error }))
        .finally(() => held.delete(holding))
      held.add(holding)
    },
    /** Gives back what is held. */
    stop: async (): Promise<void> => {
      stop.abort()
      await Promise.allSettled([...held])
    },
  }
}

/**
 * Starts consuming, as soon as the migrator has made the consumer. An event is acknowledged after its reaction.
 *
 * While something that the reaction needs is away, the event is held and tried again in place. After any other failure it is
 * delivered again after a pause, at most MAX_DELIVER times; so is a kind of event that only a newer replica knows. Poison is
 * given up at once. What is given up becomes a dead letter before the server hears of it.
 * @returns disposing finishes the reactions under way and gives back what is held.
 * @throws what NATS answers when it cannot look for the consumer; later troubles are waited out.
 */
export const consume = async (
  bus: Bus,
  durable: string,
  reactions: readonly Reaction[],
  options: ConsumeOptions,
): Promise<AsyncDisposable> => {
  const { deadLetters, random, translate, shared = (interval_ms: number) => interval_ms } = options
  const log = bus.log.child('consume')
  const faultOf = (error: unknown): AppError | undefined =>
    error instanceof AppError ? error : translate(error)
  const measuring = { metrics: bus.metrics, tracing: bus.tracing }
  const attempt = trying(durable, reactions, { ...options, faultOf, log, ...measuring })
  const { take, stop } = taking(bus, attempt, { ...options, log })
  const isOutage = (error: unknown): boolean => verdictOn(error, faultOf(error), 1, 0) === 'hold'
  const redrive = (signal: AbortSignal) => redriveAll(reactions, { deadLetters, isOutage, log }, signal)

  await untilConsumers(bus, durable)
  await using stack = new AsyncDisposableStack()
  // Runs after reading has ended: what is given back before would be delivered to this process again.
  stack.defer(stop)
  const open = () => openConsumer(bus, durable)
  stack.use(await readMessages(bus, { durable, open, take, parallel: PARALLEL, random }))
  stack.use(await consumeGivenUp(bus, durable, { deadLetters, random }))
  // Not by one process alone: it may not know a kind of event that a newer one knows.
  stack.use(repeat(redrive, { interval_ms: () => shared(REDRIVE_MS), log, random }))
  return stack.move()
}
