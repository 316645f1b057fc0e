// Workspaces of a given size, put into the database as the services would have left them: the documents are made by the
// services' own pure functions, and the counters from the tasks.
import type { AnyBulkWriteOperation, Collection, Db, Document } from 'mongodb'
import { newLoop } from '../../services/loops-queue/loop-rules.ts'
import { reorderedChange, withVersions } from '../../services/loops-queue/queue-rules.ts'
import { differenceOf } from '../../services/tasks/counter-rules.ts'
import { createTask, editTask, type TaskState, type Versioned } from '../../services/tasks/task-rules.ts'
import { type Location, locationIn, NOWHERE } from '../../services/tasks/visibility-rules.ts'
import type { Actor } from '../../shared/contracts/define/common.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks as tasksContract } from '../../shared/contracts/tasks/contract.ts'
import type { Ids } from '../../shared/process/ids.ts'
import type { Mongo } from '../../shared/storage/mongo.ts'

/** The size of a workspace: its active loops, and its tasks, in loops or not. */
export type Size = Readonly<{ loops: number; tasks: number }>
/** The person that a workspace is filled for. */
export type Filler = Readonly<{ ws: string; by: Actor; ids: Ids; now: Date }>

export const BODY = 'Say what to do, why, and how to tell that it is done.\n'.repeat(5)
/** Tasks in each loop, every other one ready: as many in a small workspace as in a large one. */
const TASKS_PER_LOOP = 10
const BATCH = 2_000
const W1 = { writeConcern: { w: 1 } } as const

type Stored = Document & { _id: string }
const stored = <S extends object>(state: S, v: number) => ({ ...state, v, outbox: [], ledger: [] })

/** Writes in batches, preparing the next one while one is written. */
const batches = (collection: Collection<Stored>) => {
  let batch: Stored[] = []
  let writing: Promise<unknown> = Promise.resolve()
  const flush = async (): Promise<void> => {
    await writing
    if (batch.length > 0) writing = collection.insertMany(batch, { ordered: false, ...W1 })
    batch = []
  }
  return {
    add: async (document: Stored): Promise<void> => {
      batch.push(document)
      if (batch.length === BATCH) await flush()
    },
    end: async (): Promise<void> => {
      await flush()
      await writing
    },
  }
}

const fillLoops = async (db: Db, { ws, by, ids, now }: Filler, count: number): Promise<string[]> => {
  const loops = batches(db.collection('loops'))
  const order: string[] = []
  for (let index = 0; index < count; index += 1) {
    const asked = {
      name: `Loop ${index}`,
      description: '',
      ai_context: '',
      visibility: 'public' as const,
      member_ids: [],
    }
    const made = newLoop(ids.next(), ws, 'active', asked, { by, now, key: ids.next() })
    // It is in the order, so nothing is pending.
    const { unqueued: _, ...loop } = made
    order.push(loop._id)
    await loops.add(stored(loop, 1))
  }
  await loops.end()
  const step = { places: { slots: order, held: [] }, change: reorderedChange(order, order), by }
  const { next } = withVersions({ _id: ws, ws, v: 0, slots: [], held: [], log: [] }, [step])
  await db.collection<Stored>('queues').insertOne(stored({ ...next, rev: ids.next() }, 1))
  return order
}

const makeTask = (filler: Filler, index: number, location: Location): Versioned<TaskState> => {
  const { ws, by, ids, now } = filler
  const made = createTask({
    id: ids.next(),
    ws,
    title: `Task ${index}`,
    body: BODY,
    priority: 'none',
    due_date: null,
    location,
    by,
    now,
  })
  const task = { ...made.next, v: 1 }
  if (index % 2 > 0) return task
  const approved = editTask(task, { status: 'approved' }, { actor: by, may_approve: true }, now)
  return { ...(approved?.next ?? task), v: 2 }
}

const fillTasks = async (
  db: Db,
  filler: Filler,
  order: readonly string[],
  count: number,
): Promise<string[]> => {
  const tasks = batches(db.collection('tasks'))
  const increments = new Map<string, Map<string, number>>()
  const task_ids: string[] = []
  for (let index = 0; index < count; index += 1) {
    const loop_id = order[Math.floor(index / TASKS_PER_LOOP)]
    const location = loop_id === undefined ? NOWHERE : locationIn({ id: loop_id, visibility: 'public' })
    const task = makeTask(filler, index, location)
    for (const { tally, path, by } of differenceOf(filler.ws, null, task)) {
      const paths = increments.get(tally) ?? new Map<string, number>()
      increments.set(tally, paths.set(path, by + (paths.get(path) ?? 0)))
    }
    task_ids.push(task._id)
    await tasks.add(stored(task, task.v))
  }
  await tasks.end()
  const counters = [...increments].map(
    ([_id, paths]): AnyBulkWriteOperation<Stored> => ({
      updateOne: {
        filter: { _id },
        update: { $setOnInsert: { ws: filler.ws }, $inc: Object.fromEntries(paths) },
        upsert: true,
      },
    }),
  )
  await db.collection<Stored>('tallies').bulkWrite(counters, { ordered: false })
  return task_ids
}

/**
 * Fills an empty workspace.
 * @returns its loops in their order, and its tasks.
 */
export const fillWorkspace = async (mongo: Mongo, filler: Filler, size: Size) => {
  const loop_ids = await fillLoops(mongo.database(loopsQueue.name), filler, size.loops)
  const task_ids = await fillTasks(mongo.database(tasksContract.name), filler, loop_ids, size.tasks)
  return { loop_ids, task_ids }
}
