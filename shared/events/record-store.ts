// Reads stored documents as the records of a snapshot, a page at a time.
//
// Each service says which events its documents make. Memory does not grow with what is stored.
import type { Db } from 'mongodb'
import { checkInput } from '../contracts/define/check.ts'
import { sourceOf } from '../contracts/define/cloud-event.ts'
import { Id } from '../contracts/define/common.ts'
import type { Contract, Handlers, PlainEvent } from '../contracts/define/contract.ts'
import { AppError } from '../contracts/define/errors.ts'
import { countFitting, REPLY_BYTES } from '../contracts/define/page-bytes.ts'
import { type recordOperations, recordTypesOf, type SnapshotRecord } from '../contracts/records.ts'
import { type Outbox, outboxOf } from '../storage/aggregate.ts'
import { lookInto } from '../storage/collection.ts'

/** Documents per page. */
const PAGE = 200

/** The fields that every such document has. */
export type StoredThing = { _id: string; v: number; schema?: number }
/** The event of a document, and the workspace that it is in. */
export type EventOfRecord = Readonly<{ ws: string; event: PlainEvent }>

/** The fields that only the writes of a document's own service need, as a projection without them. */
export const INTERNAL_FIELDS = { outbox: 0, ledger: 0 } as const

/** Documents of one kind. */
export type Kind<D extends StoredThing> = Readonly<{
  /** The event that says that one exists. */
  type: string
  collection: string
  /** Which of them other programs may know of. */
  filter: Readonly<Record<string, unknown>>
  /** The field with the id of the workspace. */
  within: string
  fields: Readonly<Record<string, 0 | 1>>
  /** Returns the events of each document. @param db of the service that has them. */
  eventsOf: (
    documents: readonly D[],
    db: Db,
  ) => readonly EventOfRecord[][] | Promise<readonly EventOfRecord[][]>
}>

/** A page of records; `next` is the id of its last document, null when it is the last page. */
export type RecordPage = Readonly<{ records: SnapshotRecord[]; next: string | null }>

/** A kind of documents that a snapshot is made of. */
export type RecordSource = Readonly<{
  type: string
  /** The events that wait in these documents. */
  outbox: (db: Db) => Outbox
  /** A page after the id `after`; of one workspace if it is given. */
  page: (db: Db, workspace: string | undefined, after: string | undefined) => Promise<RecordPage>
}>

/** Makes the source of records for one kind of documents of a service. */
export const recordSource = <D extends StoredThing>(service: string, kind: Kind<D>): RecordSource => {
  const { type, filter, within, fields, eventsOf } = kind
  // Without upgrades: a document of another shape than the first is refused, rather than read wrongly.
  const look = (db: Db) => lookInto<StoredThing>(db, kind.collection)
  return {
    type,
    outbox: (db) => outboxOf(look(db).collection),
    page: async (db, workspace, after = '') => {
      const inside = workspace === undefined ? {} : { [within]: workspace }
      const { collection, read } = look(db)
      const found = await collection
        .find({ ...filter, ...inside, _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(PAGE)
        .project<D>(fields)
        .toArray()
      const documents = found.map((one) => read(one))
      const events = await eventsOf(documents, db)
      const rows = documents.map(({ _id: subject, v: sequence }, n) =>
        (events[n] ?? [])
          .filter(({ ws }) => workspace === undefined || ws === workspace)
          .map(({ ws: workspaceid, event: { name, data } }) => {
            return { source: sourceOf(service), type: name, subject, workspaceid, sequence, data }
          }),
      )
      const count = countFitting(rows, REPLY_BYTES)
      const more = count < rows.length || found.length === PAGE
      return {
        records: rows.slice(0, count).flat(),
        next: more ? (documents[count - 1]?._id ?? null) : null,
      }
    },
  }
}

/** Whether every event of these documents from before a moment has been published. */
export const isPublished = async (
  db: Db,
  sources: readonly RecordSource[],
  before: Date,
): Promise<boolean> => {
  for (const { outbox } of sources) if ((await outbox(db).pending(before, 1)).length > 0) return false
  return true
}

/** The handlers of `recordOperations` for one service. */
export const recordHandlers = (
  { events }: Pick<Contract, 'events'>,
  db: Db,
  sources: readonly RecordSource[],
): Handlers<Omit<Contract, 'operations'> & { operations: ReturnType<typeof recordOperations> }> => ({
  check_published: async ({ before }) => ({ published: await isPublished(db, sources, new Date(before)) }),
  list_records: async ({ type, workspace_id, after }) => {
    const found = sources.find((one) => one.type === type)
    if (!found)
      throw new AppError(
        'invalid_argument',
        `type: there are no such records; there are ${recordTypesOf(events).join(', ')}.`,
      )
    if (after !== undefined) checkInput(Id, after)
    return await found.page(db, workspace_id, after)
  },
})
