// Tasks and comments as the records of a snapshot.
import { tasks as contract } from '../../shared/contracts/tasks/contract.ts'
import {
  INTERNAL_FIELDS,
  type RecordSource,
  recordSource,
  type StoredThing,
} from '../../shared/events/record-store.ts'
import { BY_ID, these } from '../../shared/storage/by-workspace.ts'
import { lookInto } from '../../shared/storage/collection.ts'
import { createdEvent } from './task-rules.ts'
import { addedEvent, type EventComment } from './task-view.ts'
import { isPrivate } from './visibility-rules.ts'

type Within = { ws: string }
type Parent = { _id: string; acl: string }

const tasks = recordSource<StoredThing & Within & Parameters<typeof createdEvent>[0]>(contract.name, {
  type: 'task.created',
  collection: 'tasks',
  filter: { deleted_at: { $exists: false } },
  within: 'ws',
  fields: { ...INTERNAL_FIELDS, body: 0, approved_text: 0, links: 0, imported: 0, created: 0, uncounted: 0 },
  eventsOf: (found) => found.map((task) => [{ ws: task.ws, event: createdEvent(task) }]),
})

const comments = recordSource<StoredThing & Within & EventComment & { parent: string }>(contract.name, {
  type: 'comment.added',
  collection: 'comments',
  filter: {},
  within: 'ws',
  fields: { ...INTERNAL_FIELDS, created: 0, uncounted: 0 },
  eventsOf: async (found, db) => {
    const { collection, read } = lookInto<Parent>(db, 'tasks')
    const parents = await collection
      .find({
        ...these(found.map(({ parent, ws }) => ({ _id: parent, ws }))),
        deleted_at: { $exists: false },
      })
      .hint(BY_ID)
      .project<Parent>({ schema: 1, acl: 1 })
      .toArray()
    const byId = new Map(parents.map((task) => [task._id, read(task)]))
    return found.map((comment) => {
      const { ws, loop_id, parent } = comment
      // Private until the service of the loop says otherwise: whoever assembles the snapshot asks it.
      if (loop_id !== null) return [{ ws, event: addedEvent(comment, true) }]
      const task = byId.get(parent)
      return task === undefined ? [] : [{ ws, event: addedEvent(comment, isPrivate(task)) }]
    })
  },
})

/** The records of this service. */
export const records: readonly RecordSource[] = [tasks, comments]
