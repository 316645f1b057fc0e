// Reads the messages of a durable consumer, over restarts of NATS, lost streams and deleted consumers.
//
// Knows nothing of events.
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream'
import type { Bus } from '../bus/connect.ts'
import { pause } from '../process/lifecycle.ts'

/** How long one request for messages stays open (ms), and about how long it takes to notice that a consumer is gone. */
const PULL_MS = 5_000
/** The pauses before the consumer is opened again (ms); the last one repeats. */
const REOPEN_MS = [100, 500, 1_000, 2_000] as const

export type ReadOptions = Readonly<{
  /** The name of the consumer, for the log. */
  durable: string
  /** Opens the consumer. Fails while there is none. */
  open: () => Promise<Consumer>
  /** Works on one message and answers it: acknowledges it, or has it delivered again or never. */
  take: (msg: JsMsg) => Promise<void>
  /** How many messages are worked on at once. */
  parallel: number
  random: () => number
}>

/**
 * Starts reading.
 * @returns disposing takes no more messages and waits for those being worked on.
 * @throws what `open` throws the first time. Later failures are logged, and it is called again until it succeeds.
 */
export const readMessages = async (bus: Bus, options: ReadOptions): Promise<AsyncDisposable> => {
  const log = bus.log.child('messages')
  const stop = new AbortController()
  const underWay = new Set<Promise<void>>()
  let messages: ConsumerMessages | undefined
  let failures = 0

  const pull = async (consumer: Consumer): Promise<void> => {
    messages = await consumer.consume({
      max_messages: options.parallel,
      expires: PULL_MS,
      abort_on_missing_resource: true,
    })
    if (stop.signal.aborted) messages.stop()
    for await (const msg of messages) {
      failures = 0
      const work = options
        .take(msg)
        .catch((error: unknown) =>
          log.warn('a message was not answered; it comes again', { durable: options.durable, error }),
        )
        .finally(() => underWay.delete(work))
      underWay.add(work)
      if (underWay.size >= options.parallel) await Promise.race(underWay)
    }
  }
  const loop = async (first: Consumer): Promise<void> => {
    for (let consumer: Consumer | undefined = first; !stop.signal.aborted; consumer = undefined) {
      try {
        await pull(consumer ?? (await options.open()))
      } catch (error) {
        if (!stop.signal.aborted)
          log.warn('messages stopped coming; the consumer is opened again', {
            durable: options.durable,
            error,
          })
      }
      const pause_ms = REOPEN_MS[Math.min(failures, REOPEN_MS.length - 1)] ?? 0
      failures += 1
      await pause(pause_ms * (1 + options.random() / 4), stop.signal)
    }
  }
  const done = loop(await bus.answered(options.open))
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      messages?.stop()
      await done
      await Promise.allSettled([...underWay])
    },
  }
}
