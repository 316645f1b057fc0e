// Hands events of the stream to handlers, one durable consumer per service. Handlers are idempotent by event id.
import type { JsMsg } from '@nats-io/jetstream'
import type * as z from 'zod'
import { CloudEvent } from '../cloud-event.ts'
import { type Contract, eventFilter } from '../contract.ts'
import type { Bus } from './connect.ts'
import { MAX_DELIVER, openConsumer } from './streams.ts'

/** Pauses before a refused message comes again (ms); the last one repeats. The consumer's own backoff does not apply to refusals. */
const RETRY_MS = [1_000, 5_000, 30_000, 120_000, 600_000] as const
/** Messages that one instance works on at once. */
const PARALLEL = 16

/** An event with its data checked and typed. */
export type TypedEvent<D> = Readonly<Omit<CloudEvent, 'data'> & { data: D }>

/** One event name of a contract and what is done about it. */
export type Reaction = Readonly<{
  filter: string
  type: string
  source: string
  react: (event: CloudEvent) => Promise<void>
}>

/** Declares a reaction, typed by the contract that tells the event. */
export const on = <C extends Contract, N extends keyof C['events'] & string>(
  contract: C,
  name: N,
  react: (event: TypedEvent<z.output<C['events'][N]['data']>>) => Promise<void>,
): Reaction => ({
  filter: eventFilter(contract.name, name),
  type: name,
  source: `/loops/${contract.name}`,
  react: async (event) => {
    const data = contract.events[name]?.data.safeParse(event.data)
    if (!data?.success)
      throw new PoisonError(`the data of ${name} does not fit its contract: ${data?.error.message}`)
    await react({ ...event, data: data.data as z.output<C['events'][N]['data']> })
  },
})

/** A message that can never be handled: it is put aside instead of being tried again. */
export class PoisonError extends Error {
  override readonly name = 'PoisonError'
}

const parse = (msg: JsMsg): CloudEvent => {
  try {
    return CloudEvent.parse(msg.json())
  } catch (error) {
    throw new PoisonError('not a CloudEvent', { cause: error })
  }
}

/**
 * Starts consuming. Acknowledged after the reaction; a failure comes again after a pause, at most MAX_DELIVER times;
 * poison is terminated at once. Both ends are logged as errors with the event's subject.
 * @returns disposing finishes the messages under way.
 */
export const consume = async (
  bus: Bus,
  durable: string,
  reactions: readonly Reaction[],
): Promise<AsyncDisposable> => {
  const log = bus.log.child('consume')
  const consumer = await openConsumer(
    bus,
    durable,
    reactions.map(({ filter }) => filter),
  )
  const underWay = new Set<Promise<void>>()

  const handle = async (msg: JsMsg): Promise<void> => {
    try {
      const event = parse(msg)
      const reaction = reactions.find(({ type, source }) => type === event.type && source === event.source)
      if (!reaction) throw new PoisonError(`nothing here reacts to ${event.type}`)
      await reaction.react(event)
      msg.ack()
    } catch (error) {
      const last = msg.info.deliveryCount >= MAX_DELIVER
      if (error instanceof PoisonError || last) {
        log.error('event given up', {
          subject: msg.subject,
          sequence: msg.seq,
          deliveries: msg.info.deliveryCount,
          error,
        })
        msg.term(error instanceof Error ? error.message : 'failed')
      } else {
        const pause_ms = RETRY_MS[Math.min(msg.info.deliveryCount, RETRY_MS.length) - 1] ?? RETRY_MS[0]
        log.warn('event will be tried again', { subject: msg.subject, pause_ms, error })
        msg.nak(pause_ms)
      }
    }
  }
  const messages = await consumer.consume({ max_messages: PARALLEL })
  const loop = async (): Promise<void> => {
    for await (const msg of messages) {
      const work = handle(msg).finally(() => underWay.delete(work))
      underWay.add(work)
      if (underWay.size >= PARALLEL) await Promise.race(underWay)
    }
  }
  const done = loop().catch((error: unknown) => log.error('consumer ended', { durable, error }))
  return {
    [Symbol.asyncDispose]: async () => {
      await messages.close()
      await done
      await Promise.allSettled([...underWay])
    },
  }
}
