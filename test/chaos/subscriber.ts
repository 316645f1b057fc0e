// A subscriber that is no part of Loops: it reads every event by a durable consumer of its own, over connections that
// fail as all others do, and remembers what it saw.
import { setTimeout as sleep } from 'node:timers/promises'
import { AckPolicy, type ConsumerMessages, DeliverPolicy } from '@nats-io/jetstream'
import { connectBus } from '../../shared/bus/connect.ts'
import { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { createLog } from '../../shared/process/log.ts'

/** What was seen: each event once, and how many came again. */
export type Subscriber = AsyncDisposable &
  Readonly<{ seen: ReadonlyMap<string, CloudEvent>; repeats: () => number }>

const DURABLE = 'subscriber'
const RETRY_MS = 500

/** Starts to subscribe, and goes on whatever happens; where its consumer is gone, it makes it again. */
export const startSubscriber = async (nats_url: string): Promise<Subscriber> => {
  const bus = await connectBus(nats_url, DURABLE, createLog({ filter: 'error', topic: DURABLE }))
  const seen = new Map<string, CloudEvent>()
  let repeats = 0
  let stopped = false
  let messages: ConsumerMessages | undefined
  const read = async (): Promise<void> => {
    await bus.jsm.consumers.add(EVENTS_STREAM, {
      durable_name: DURABLE,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
    })
    const consumer = await bus.js.consumers.get(EVENTS_STREAM, DURABLE)
    messages = await consumer.consume({ abort_on_missing_resource: true })
    for await (const message of messages) {
      const event = CloudEvent.parse(message.json())
      if (seen.has(event.id)) repeats += 1
      seen.set(event.id, event)
      message.ack()
    }
  }
  const reading = (async () => {
    while (!stopped) {
      await read().catch(() => undefined)
      await sleep(stopped ? 0 : RETRY_MS)
    }
  })()
  return {
    seen,
    repeats: () => repeats,
    [Symbol.asyncDispose]: async () => {
      stopped = true
      messages?.stop()
      await bus[Symbol.asyncDispose]()
      await reading
    },
  }
}
