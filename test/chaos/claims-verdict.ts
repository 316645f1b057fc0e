// What the journal and the documents say of claims, once all work is over: who held each task, and who completed it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from 'mongodb'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { AppError, ERROR_CODES } from '../../shared/contracts/define/errors.ts'
import type { JournalEntry } from '../../shared/events/journal-store.ts'
import { until } from '../support/chaos/until.ts'

/** What an agent was told that it completed: as which client, and under which claim if it named one. */
export type Completion = Readonly<{ task_id: string; client: string; fence?: number }>

/** How agents begin the outcome of a task, so that it is told from other comments. */
export const OUTCOME = 'Done by '

export type ClaimsVerdict = Readonly<{
  /** Tasks that are not shipped. */
  lost: readonly string[]
  /** Tasks that were shipped more than once. */
  doubled: readonly string[]
  /** Tasks that were claimed while somebody held them. */
  shared: readonly string[]
  /** Completions by anybody but the holder of the live claim. */
  stolen: readonly string[]
  /** Acknowledged completions that are not the one of their task. */
  denied: readonly string[]
  /** Tasks whose outcome does not stand among the comments exactly once. */
  outcomes: readonly string[]
}>

const PAUSE_MS = 150
const OUT_MS = 120_000

/**
 * Sends a call again until it is answered, or refused for good.
 * @param met counts the refusals and failures, by code.
 */
export const insist = async <T>(met: Map<string, number>, work: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      met.set(error.code, (met.get(error.code) ?? 0) + 1)
      if (!ERROR_CODES[error.code].retryable || error.code === 'claimed') throw error
      await sleep(PAUSE_MS)
    }
  }
}

/** What happened to one task, told by its events in their order. */
const judgeTask = (events: readonly JournalEntry[], acknowledged: readonly Completion[]) => {
  let live: Readonly<{ fence: unknown; client: string }> | undefined
  const done: (typeof live)[] = []
  let [stolen, shared] = [false, false]
  for (const { event } of events) {
    const { type, data } = event
    const by = data.by as Readonly<{ client: string }>
    if (type === 'task.claimed') {
      shared ||= live !== undefined && data.taken_over !== true
      live = { fence: data.fence, client: by.client }
    }
    if (type === 'task.updated' && data.status_before === 'in_progress' && data.status !== 'in_progress') {
      if (data.status === 'shipped') {
        stolen ||= live === undefined || live.client !== by.client
        done.push(live)
      }
      live = undefined
    }
  }
  const last = done.at(-1)
  const denied = acknowledged.some(
    ({ client, fence }) => client !== last?.client || (fence !== undefined && fence !== last.fence),
  )
  return { shipped: done.length, stolen, shared, denied }
}

/** The events of each task, in their order. */
const eventsOf = async (db: Db, ws: string): Promise<Map<string, JournalEntry[]>> => {
  const all = await db.collection<JournalEntry>('events').find({ 'event.workspaceid': ws }).toArray()
  // Those of one write have one sequence.
  const order = ['task.created', 'task.updated', 'task.claimed', 'task.claim_expired']
  const events = all.toSorted(
    (a, b) =>
      a.event.sequence - b.event.sequence || order.indexOf(a.event.type) - order.indexOf(b.event.type),
  )
  return Map.groupBy(events, ({ event }) => event.subject)
}

/**
 * Waits until every event and comment is out, and judges the tasks of a workspace.
 * @param db the database of the tasks service.
 * @param of tasks that are judged; all when absent.
 */
export const judgeClaims = async (
  db: Db,
  ws: string,
  completed: readonly Completion[],
  of?: ReadonlySet<string>,
): Promise<ClaimsVerdict & Readonly<{ expiries: number }>> => {
  const tasks = db.collection<TaskDoc>('tasks')
  await until('every event and comment is out', OUT_MS, async () => {
    const waiting = { $or: [{ 'outbox.0': { $exists: true } }, { 'pending_comments.0': { $exists: true } }] }
    return (await tasks.countDocuments({ ws, ...waiting })) === 0
  })
  const events = await eventsOf(db, ws)
  const stored = await tasks.find({ ws }).project<TaskDoc>({ status: 1 }).toArray()
  const comments = await db.collection<{ parent: string; text: string }>('comments').find({ ws }).toArray()
  const judged = stored
    .filter(({ _id }) => of?.has(_id) ?? true)
    .map(({ _id, status }) => ({
      _id,
      status,
      said: comments.filter(({ parent, text }) => parent === _id && text.startsWith(OUTCOME)).length,
      ...judgeTask(
        events.get(_id) ?? [],
        completed.filter(({ task_id }) => task_id === _id),
      ),
    }))
  const those = (which: (one: (typeof judged)[number]) => boolean): string[] =>
    judged.filter(which).map(({ _id }) => _id)
  return {
    expiries: [...events.values()].flat().filter(({ event }) => event.type === 'task.claim_expired').length,
    lost: those(({ status, shipped }) => status !== 'shipped' || shipped === 0),
    doubled: those(({ shipped }) => shipped > 1),
    shared: those(({ shared }) => shared),
    stolen: those(({ stolen }) => stolen),
    denied: those(({ denied }) => denied),
    outcomes: those(({ said }) => said !== 1),
  }
}
