// Where the present state of things lies, and how each stored thing is told in the form of an event. Reads alone, a page
// at a time, so that what is held in memory does not grow with what is stored.
import type { Person } from '../../services/gateway/people/person.ts'
import { joinedEvent } from '../../services/gateway/people/roles.ts'
import { createdEvents } from '../../services/loops-queue/loop.ts'
import { orderEvent } from '../../services/loops-queue/queue.ts'
import { PUBLIC } from '../../services/tasks/tally.ts'
import { createdEvent } from '../../services/tasks/task.ts'
import { addedEvent, type TellableComment } from '../../services/tasks/view.ts'
import { type Outbox, outboxOf } from '../../shared/aggregate.ts'
import { type CloudEvent, sourceOf } from '../../shared/cloud-event.ts'
import type { PlainEvent } from '../../shared/contract.ts'
import { gateway } from '../../shared/contracts/gateway.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue.ts'
import { tasks } from '../../shared/contracts/tasks.ts'
import type { Mongo } from '../../shared/mongo.ts'
import { lookInto } from '../../shared/store-collection.ts'

/** Documents that are read at a time. */
const PAGE = 200

/** One thing as it is now: an event without what says that something happened. */
export type SnapshotRecord = Pick<
  CloudEvent,
  'source' | 'type' | 'subject' | 'workspaceid' | 'sequence' | 'data'
>

/** What every stored thing has. */
type Stored = { _id: string; v: number; schema?: number }
/** What names its workspace. */
type Within = { ws: string }
/** What is told of one thing, and in which workspace. */
type Told = Readonly<{ ws: string; event: PlainEvent }>

/** Things of one kind, as they are stored. */
type Kind<D extends Stored> = Readonly<{
  service: string
  /** The event that tells of one that is there. */
  type: string
  collection: string
  /** Which of the documents are things that others may know of. */
  filter: Readonly<Record<string, unknown>>
  /** The field that names the workspace. */
  within: string
  fields: Readonly<Record<string, 0 | 1>>
  tell: (documents: readonly D[], mongo: Mongo) => readonly Told[][] | Promise<readonly Told[][]>
}>

/** A kind of things that a snapshot is made of. */
export type Source = Readonly<{
  service: string
  type: string
  /** Where events of these things wait. */
  outbox: (mongo: Mongo) => Outbox
  /** All of them as records, those of one workspace when it is named. */
  records: (mongo: Mongo, workspace: string | undefined) => AsyncGenerator<SnapshotRecord>
}>

const source = <D extends Stored>(kind: Kind<D>): Source => {
  const { service, type, filter, within, fields, tell } = kind
  // Knows the first shape alone: a document of another one is refused, not told wrongly.
  const look = (mongo: Mongo) => lookInto<Stored>(mongo.database(service), kind.collection)
  const page = async (mongo: Mongo, workspace: string | undefined, after: string): Promise<D[]> => {
    const inside = workspace === undefined ? {} : { [within]: workspace }
    const { collection, read } = look(mongo)
    const found = collection
      .find({ ...filter, ...inside, _id: { $gt: after } })
      .sort({ _id: 1 })
      .limit(PAGE)
      .project<D>(fields)
    return (await found.toArray()).map((one) => read(one))
  }
  return {
    service,
    type,
    outbox: (mongo) => outboxOf(look(mongo).collection),
    async *records(mongo, workspace) {
      let documents = await page(mongo, workspace, '')
      for (; documents.length > 0; documents = await page(mongo, workspace, documents.at(-1)?._id ?? '')) {
        const told = await tell(documents, mongo)
        for (const [n, { _id: subject, v: sequence }] of documents.entries())
          for (const { ws: workspaceid, event } of told[n] ?? [])
            if (workspace === undefined || workspaceid === workspace)
              yield {
                source: sourceOf(service),
                type: event.name,
                subject,
                workspaceid,
                sequence,
                data: event.data,
              }
      }
    },
  }
}

/** What a document holds for the writes of its service alone. */
const INTERNAL = { outbox: 0, ledger: 0 } as const

const members = source<Stored & Pick<Person, '_id' | 'name' | 'memberships'>>({
  service: gateway.name,
  type: 'person.joined',
  collection: 'people',
  filter: {},
  within: 'memberships.workspace_id',
  // Nothing of the account.
  fields: { v: 1, schema: 1, name: 1, memberships: 1 },
  tell: (people) =>
    people.map((person) =>
      person.memberships.map((membership) => ({
        ws: membership.workspace_id,
        event: joinedEvent(person, membership),
      })),
    ),
})

const loops = source<Stored & Within & Parameters<typeof createdEvents>[0]>({
  service: loopsQueue.name,
  type: 'loop.created',
  collection: 'loops',
  filter: { status: { $ne: 'forming' } },
  within: 'ws',
  fields: { ...INTERNAL, description: 0, ai_context: 0, formed_from: 0 },
  tell: (found) => found.map((loop) => createdEvents(loop, loop.v).map((event) => ({ ws: loop.ws, event }))),
})

const orders = source<Stored & Parameters<typeof orderEvent>[0]>({
  service: loopsQueue.name,
  type: 'queue.changed',
  collection: 'queues',
  filter: {},
  within: 'ws',
  fields: { ...INTERNAL, log: 0 },
  tell: (queues) => queues.map((queue) => [{ ws: queue.ws, event: orderEvent(queue) }]),
})

const filed = source<Stored & Within & Parameters<typeof createdEvent>[0]>({
  service: tasks.name,
  type: 'task.created',
  collection: 'tasks',
  filter: { deleted_at: { $exists: false } },
  within: 'ws',
  fields: { ...INTERNAL, body: 0, created: 0, uncounted: 0 },
  tell: (found) => found.map((task) => [{ ws: task.ws, event: createdEvent(task) }]),
})

/** Whether each of these is private; what is not there any more is not among them. */
const privacyOf = async (mongo: Mongo, ids: readonly string[]): Promise<ReadonlyMap<string, boolean>> => {
  const among = { _id: { $in: [...ids] } }
  const here = lookInto<{ _id: string; acl: string }>(mongo.database(tasks.name), 'tasks')
  const there = lookInto<{ _id: string; visibility: string }>(mongo.database(loopsQueue.name), 'loops')
  const [ofTasks, ofLoops] = await Promise.all([
    here.collection
      .find({ ...among, deleted_at: { $exists: false } })
      .project<{ _id: string; acl: string }>({ schema: 1, acl: 1 })
      .map((one) => here.read(one))
      .toArray(),
    there.collection
      .find(among)
      .project<{ _id: string; visibility: string }>({ schema: 1, visibility: 1 })
      .map((one) => there.read(one))
      .toArray(),
  ])
  return new Map([
    ...ofTasks.map(({ _id, acl }) => [_id, acl !== PUBLIC] as const),
    ...ofLoops.map(({ _id, visibility }) => [_id, visibility === 'private'] as const),
  ])
}

const comments = source<Stored & Within & TellableComment & { parent: string }>({
  service: tasks.name,
  type: 'comment.added',
  collection: 'comments',
  filter: {},
  within: 'ws',
  fields: { ...INTERNAL, created: 0, uncounted: 0 },
  tell: async (found, mongo) => {
    const parents = await privacyOf(
      mongo,
      found.map(({ parent }) => parent),
    )
    return found.map((comment) => {
      const isPrivate = parents.get(comment.parent)
      return isPrivate === undefined ? [] : [{ ws: comment.ws, event: addedEvent(comment, isPrivate) }]
    })
  },
})

/** All kinds of things that a snapshot can be made of, each after those that it belongs to. */
export const SOURCES: readonly Source[] = [members, loops, orders, filed, comments]
