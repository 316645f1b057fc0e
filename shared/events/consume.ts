// Hands events of the stream to handlers, one durable consumer per service. Handlers are idempotent by event id. An event
// that is given up is first written down as a dead letter: none leaves the consumer without a trace.
import type { JsMsg } from '@nats-io/jetstream'
import type { Bus } from '../bus/connect.ts'
import { AppError } from '../contracts/define/errors.ts'
import type { Clock } from '../process/clock.ts'
import { pause, repeat } from '../process/lifecycle.ts'
import type { Log } from '../process/log.ts'
import { consumeGivenUp } from './advisories.ts'
import type { DeadLetters, GivenUp, Redrive } from './dead-letter-store.ts'
import {
  holdPause,
  MAX_HOLD_MS,
  retryPause,
  UnknownEventError,
  type Verdict,
  verdictOn,
} from './deliveries.ts'
import { readMessages } from './follow.ts'
import { eventIdOf, type Reaction, reactTo, subjectPattern } from './reactions.ts'
import { ACK_WAIT_MS, openConsumer, untilConsumers } from './streams.ts'

/** Messages that one instance works on at once; those that are held do not count. */
const PARALLEL = 32
/** How often rows that are to be tried again are looked for (ms). */
const REDRIVE_MS = 2_000

export type ConsumeOptions = Readonly<{
  deadLetters: DeadLetters
  clock: Clock
  random: () => number
  /** Turns a driver's fault into an AppError, or undefined when it is a fault of the program. */
  translate: (error: unknown) => AppError | undefined
  /** How often the server hears that a message is still worked on (ms): it would deliver it anew after ACK_WAIT_MS. */
  beat_ms?: number
}>

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const letterOf = (durable: string, msg: JsMsg, error: unknown): GivenUp => {
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

/** Tells the server again and again that a message is worked on, until disposed of. */
const keepAlive = (bus: Bus, msg: JsMsg, beat_ms: number): Disposable => {
  const handle = setInterval(() => {
    if (!bus.nc.isClosed()) msg.working()
  }, beat_ms)
  return { [Symbol.dispose]: () => clearInterval(handle) }
}

/** Renews the lease of a dead letter that is being tried again, until disposed of. */
const keepClaimed = (deadLetters: DeadLetters, row: Redrive, log: Log): Disposable => {
  const renew = () =>
    deadLetters
      .renew(row)
      .catch((error: unknown) => log.debug('the lease of a dead letter was not renewed', { error }))
  const handle = setInterval(renew, deadLetters.renew_ms)
  return { [Symbol.dispose]: () => clearInterval(handle) }
}

/**
 * Starts consuming. An event is acknowledged after its reaction. While something that the reaction needs is away, the
 * event is held and tried again in place; another failure, or a kind of event that only a newer replica knows, comes again
 * after a pause, at most MAX_DELIVER times; poison does not. What is given up becomes a dead letter, and only then is the server told.
 * @returns disposing finishes the reactions under way and gives back what is held.
 * Waits for the consumer, which the migrator makes.
 * @throws what NATS answers when it cannot be looked for now; later troubles are waited out.
 */
export const consume = async (
  bus: Bus,
  durable: string,
  reactions: readonly Reaction[],
  { deadLetters, clock, random, translate, beat_ms = ACK_WAIT_MS / 3 }: ConsumeOptions,
): Promise<AsyncDisposable> => {
  const log = bus.log.child('consume')
  const stop = new AbortController()
  const held = new Set<Promise<void>>()
  const faultOf = (error: unknown): AppError | undefined =>
    error instanceof AppError ? error : translate(error)

  const settle = async (msg: JsMsg, verdict: Exclude<Verdict, 'hold'>, error: unknown): Promise<void> => {
    const facts = { subject: msg.subject, sequence: msg.seq, deliveries: msg.info.deliveryCount, error }
    const isUnknown = error instanceof UnknownEventError
    if (verdict === 'give_up') {
      // What only newer replicas know, one of them tries again by itself.
      await deadLetters.put(letterOf(durable, msg, error), isUnknown)
      log.error('event given up; it is a dead letter now', facts)
      msg.term(reasonOf(error))
      return
    }
    const pause_ms = retryPause(error, msg.info.deliveryCount, random())
    if (isUnknown) log.info('event put back for a newer replica', { ...facts, pause_ms })
    else log.warn('event will be tried again', { ...facts, pause_ms })
    msg.nak(pause_ms)
  }
  /** One try: null when it is done with, else why it must be held. */
  const attempt = async (msg: JsMsg, since_ms: number): Promise<unknown> => {
    const judge = (error: unknown): Verdict =>
      verdictOn(error, faultOf(error), msg.info.deliveryCount, clock.monotonicMs() - since_ms)
    try {
      await reactTo(reactions, { subject: msg.subject, payload: msg.string() })
    } catch (error) {
      const verdict = judge(error)
      if (verdict === 'hold') return error
      try {
        await settle(msg, verdict, error)
      } catch (unwritten) {
        if (clock.monotonicMs() - since_ms < MAX_HOLD_MS) return unwritten
        // On its last delivery the server now gives it up, and tells of that until it is written down.
        msg.nak(retryPause(error, msg.info.deliveryCount, random()))
      }
      return null
    }
    msg.ack()
    return null
  }
  const hold = async (msg: JsMsg, since_ms: number, why: unknown): Promise<void> => {
    log.warn('event held until what it needs is back', {
      subject: msg.subject,
      sequence: msg.seq,
      error: why,
    })
    using _ = keepAlive(bus, msg, beat_ms)
    for (let tries = 1; why !== null; tries += 1) {
      await pause(holdPause(tries, random()), stop.signal)
      if (stop.signal.aborted) return msg.nak()
      why = await attempt(msg, since_ms)
    }
  }
  const take = async (msg: JsMsg): Promise<void> => {
    using _ = keepAlive(bus, msg, beat_ms)
    const since_ms = clock.monotonicMs()
    const why = await attempt(msg, since_ms)
    if (why === null) return
    const holding = hold(msg, since_ms, why)
      .catch((error: unknown) => log.warn('a held event will be delivered again', { error }))
      .finally(() => held.delete(holding))
    held.add(holding)
  }
  const subjects = reactions.map(({ filter }) => subjectPattern(filter))
  const redrive = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const row = await deadLetters.claim(subjects)
      if (!row) return
      using _ = keepClaimed(deadLetters, row, log)
      try {
        await reactTo(reactions, row)
        await deadLetters.settle(row)
        log.info('dead letter redriven', { subject: row.subject, event: row.event_id })
      } catch (error) {
        if (verdictOn(error, faultOf(error), 1, 0) === 'hold') {
          await deadLetters.release(row)
          throw error
        }
        await deadLetters.refuse(row, reasonOf(error))
      }
    }
  }

  await untilConsumers(bus, durable)
  await using stack = new AsyncDisposableStack()
  // After the end of taking: what is given back earlier would come to this instance again.
  stack.defer(async () => {
    stop.abort()
    await Promise.allSettled([...held])
  })
  const open = () => openConsumer(bus, durable)
  stack.use(await readMessages(bus, { durable, open, take, parallel: PARALLEL, random }))
  stack.use(await consumeGivenUp(bus, durable, { deadLetters, random }))
  stack.use(repeat(redrive, { interval_ms: REDRIVE_MS, log, random }))
  return stack.move()
}
