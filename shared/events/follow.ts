// Takes the messages of a durable consumer for as long as it is wanted: over restarts of NATS, lost streams and consumers
// that somebody deleted. Knows nothing of events.
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream'
import type { Bus } from '../bus/connect.ts'
import { pause } from '../process/lifecycle.ts'

/** How long one request for messages stays open (ms). A consumer that is gone is noticed within about this time. */
const PULL_MS = 5_000
/** Pauses before the consumer is opened again (ms), the last one repeating. */
const REOPEN_MS = [100, 500, 1_000, 2_000] as const

export type ReadOptions = Readonly<{
  /** For the log. */
  durable: string
  /** Opens the consumer; one that is gone is waited for. */
  open: () => Promise<Consumer>
  /** Works on one message and settles it. The next one waits for it when `parallel` are under way. */
  take: (msg: JsMsg) => Promise<void>
  parallel: number
  random: () => number
}>

/**
 * Starts taking messages.
 * @returns disposing takes no more and waits for those under way.
 * @throws what `open` throws the first time; later it is opened again and again until it succeeds.
 */
export const readMessages = async (bus: Bus, options: ReadOptions): Promise<AsyncDisposable> => {
  const log = bus.log.child('follow')
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
          log.warn('a message was not settled; it comes again', { durable: options.durable, error }),
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
