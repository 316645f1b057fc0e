// What is there when all is quiet: what clients read, what the stream holds, what subscribers saw, which mails came.
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import type { SinkMail } from '../support/smtp-sink.ts'
import type { Agent } from './commands.ts'
import type { Pending } from './pending.ts'
import type { Inside } from './quiet.ts'
import type { Subscriber } from './subscriber.ts'

/** A thing as a client reads it. */
export type Found = Readonly<{ version: number; name: string; status: string }>

export type Outcome = Readonly<{
  tasks: ReadonlyMap<string, Found>
  /** How many tasks the service says there are. */
  tasks_total: number
  loops: ReadonlyMap<string, Found>
  comments: ReadonlySet<string>
  queue: Readonly<{ version: number; order: readonly string[] }>
  stream: ReadonlyMap<string, CloudEvent>
  /** Ids of the events that the services have journaled as published. */
  journal: readonly string[]
  /** Ids of the events that the subscriber saw. */
  seen: ReadonlySet<string>
  /** Ids of the events that the receiver of the webhook was called with. */
  called: ReadonlySet<string>
  /** Ids of the loop.shipped events for which the notifier has written all mails. */
  notices: ReadonlySet<string>
  dead_letters: number
  pending: Pending | undefined
  /** Addresses of the members. */
  members: readonly string[]
  mails: readonly SinkMail[]
}>

type Row = Readonly<{ id: string; version: number; status: string }>

const readTasks = async (reader: Agent): Promise<Pick<Outcome, 'tasks' | 'tasks_total'>> => {
  const found = new Map<string, Found>()
  let tasks_total = 0
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await reader.call('list_tasks', { scope: 'all', limit: 200, ...(cursor && { cursor }) })
    for (const { id, version, status, title } of page.tasks) found.set(id, { version, status, name: title })
    tasks_total = page.total
    cursor = page.next_cursor
  }
  return { tasks: found, tasks_total }
}

const readLoops = async (reader: Agent): Promise<Map<string, Found>> => {
  const found = new Map<string, Found>()
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await reader.call('list_loops', { limit: 200, ...(cursor && { cursor }) })
    for (const { id, version, status, name } of page.loops as (Row & { name: string })[])
      found.set(id, { version, status, name })
    cursor = page.next_cursor
  }
  return found
}

/** The comments of the tasks that were commented on, as far as those are still there. */
const readComments = async (reader: Agent, task_ids: Iterable<string>): Promise<Set<string>> => {
  const found = new Set<string>()
  for (const task_id of task_ids)
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await reader.call('get_task', { task_id, ...(cursor && { comments_cursor: cursor }) })
      for (const { id } of page.comments) found.add(id)
      cursor = page.comments_next_cursor
    }
  return found
}

/** Reads everything. No fault may be left. */
export const readOutcome = async (
  reader: Agent,
  inside: Inside,
  subscriber: Subscriber,
  also: Pick<Outcome, 'pending' | 'members' | 'mails' | 'called'>,
): Promise<Outcome> => {
  const stream = await inside.stream()
  const { tasks, tasks_total } = await readTasks(reader)
  const commented = new Set(
    [...stream.values()].flatMap(({ type, data }) =>
      type === 'comment.added' ? [String(data.task_id)] : [],
    ),
  )
  const queue = await reader.call('get_loop_queue', { limit: 200 })
  return {
    ...also,
    tasks,
    tasks_total,
    loops: await readLoops(reader),
    comments: await readComments(reader, commented.intersection(tasks)),
    queue: { version: queue.version, order: queue.loops.map(({ id }) => id) },
    stream,
    journal: await inside.journal(),
    seen: new Set(subscriber.seen.keys()),
    notices: new Set(await inside.notices()),
    dead_letters: await inside.deadLetters(),
  }
}
