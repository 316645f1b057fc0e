// Whether all pending work is done: no event waits, none is unread, no mail is being sent. Looks into the databases and
// the stream themselves.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Db, MongoClient } from 'mongodb'
import { SERVICE_NAMES } from '../../services/start.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { OBSERVER } from '../support/chaos/nats-servers.ts'
import { type Pending, phrasesOf } from './pending.ts'
import type { Subscriber } from './subscriber.ts'
import type { World } from './world.ts'

/** A look at the databases and the stream of a world. */
export type Inside = AsyncDisposable &
  Readonly<{
    pending: (subscriber: Subscriber) => Promise<Pending>
    /** Every event of the stream, by id. */
    stream: () => Promise<ReadonlyMap<string, CloudEvent>>
    /** Ids of the events that the services have journaled as published. */
    journal: () => Promise<readonly string[]>
    /** Ids of the loop.shipped events for which the notifier has written all mails. */
    notices: () => Promise<readonly string[]>
    deadLetters: () => Promise<number>
  }>

const POLL_MS = 1_000
const DATABASES = SERVICE_NAMES.map((name) => `loops_${name.replaceAll('-', '_')}`)

const outboxesOf = async (dbs: readonly Db[]): Promise<number> => {
  const counts = dbs.map(async (db) => {
    const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
    return await Promise.all(
      names.map((name) => db.collection(name).countDocuments({ 'outbox.0': { $exists: true } })),
    )
  })
  return (await Promise.all(counts)).flat().reduce((sum, count) => sum + count, 0)
}

/** Events that a durable consumer has not yet done, by its name. */
const unreadOf = async (bus: Bus): Promise<Pending> => {
  const consumers = await bus.jsm.consumers.list(EVENTS_STREAM).next()
  return Object.fromEntries(
    consumers
      .filter(({ config }) => config.durable_name !== undefined)
      .map(({ name, num_pending, num_ack_pending }) => [`unread by ${name}`, num_pending + num_ack_pending]),
  )
}

const readStream = async (bus: Bus): Promise<ReadonlyMap<string, CloudEvent>> => {
  const events = new Map<string, CloudEvent>()
  const info = await bus.jsm.streams.info(EVENTS_STREAM).catch(() => undefined)
  if (!info || info.state.messages === 0) return events
  const consumer = await bus.js.consumers.get(EVENTS_STREAM)
  const messages = await consumer.consume()
  for await (const message of messages) {
    const event = CloudEvent.parse(message.json())
    events.set(event.id, event)
    if (message.info.pending === 0) break
  }
  return events
}

/** Looks in over connections of its own. */
export const lookInside = async (world: World): Promise<Inside> => {
  const bus = await connectBus(
    world.nats.urlOf(OBSERVER),
    OBSERVER,
    createLog({ filter: 'error', topic: OBSERVER }),
  )
  const mongo = new MongoClient(world.mongo.url)
  const dbs = DATABASES.map((name) => mongo.db(name))
  const idsIn = async (collection: string, filter = {}): Promise<string[]> => {
    const found = dbs.map((db) =>
      db.collection<{ _id: string }>(collection).find(filter).project({ _id: 1 }).toArray(),
    )
    return (await Promise.all(found)).flat().map(({ _id }) => _id as string)
  }
  const countIn = async (collection: string, filter: object): Promise<number> =>
    (await idsIn(collection, filter)).length
  const journal = () => idsIn('events')
  return {
    pending: async (subscriber) => {
      const published = await journal()
      const pending = {
        'documents with waiting events': await outboxesOf(dbs),
        ...(await unreadOf(bus)),
        'loops that are being formed': await countIn('loops', { status: 'forming' }),
        'tasks that are being moved': await countIn('tasks', { 'move.loop_id': { $exists: true } }),
        'changes that are not counted': await countIn('tasks', { 'uncounted.0': { $exists: true } }),
        'mails and calls under way': await countIn('deliveries', { status: { $in: ['pending', 'sending'] } }),
        'events that the outsider has not seen': published.filter((id) => !subscriber.seen.has(id)).length,
      }
      if (Object.values(pending).some((count) => count > 0)) return pending
      // The whole stream is read only when all else is well.
      const stream = await readStream(bus)
      return {
        ...pending,
        'events that the stream does not have': published.filter((id) => !stream.has(id)).length,
      }
    },
    stream: () => readStream(bus),
    journal,
    notices: () => idsIn('notices', { template: 'loop-shipped', expanded: true }),
    // What an older replica put aside for a newer one was tried again by that.
    deadLetters: () => countIn('dead_letters', { redriven_at: { $exists: false } }),
    [Symbol.asyncDispose]: async () => {
      await bus[Symbol.asyncDispose]()
      await mongo.close()
    },
  }
}

/**
 * Waits until nothing is pending, seen twice in a row.
 * @returns what was still pending when the time was over; everything 0 otherwise
 */
export const untilQuiet = async (
  inside: Inside,
  subscriber: Subscriber,
  limit_ms: number,
  log: (text: string) => void,
): Promise<Pending | undefined> => {
  const end = clock.monotonicMs() + limit_ms
  let [last, calm]: [Pending | undefined, number] = [undefined, 0]
  while (clock.monotonicMs() < end) {
    last = await inside.pending(subscriber).catch(() => undefined)
    calm = last && Object.values(last).every((count) => count === 0) ? calm + 1 : 0
    if (calm === 2) return last
    log(`waiting for quiet: ${last ? phrasesOf(last).join(', ') : 'no answer yet'}`)
    await sleep(POLL_MS)
  }
  return last
}
