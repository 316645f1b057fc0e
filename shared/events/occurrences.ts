// Looks up what a reader sees now of the things that events are about, and makes occurrences of it.
import { LIMITS } from '../contracts/define/common.ts'
import type { Client, MemberCall } from '../contracts/define/contract.ts'
import type { loopsQueue } from '../contracts/loops-queue/contract.ts'
import type { tasks } from '../contracts/tasks/contract.ts'
import { inParallel, partsOf } from '../process/parallel.ts'
import {
  aboutOf,
  type Happened,
  type Occurrence,
  occurrenceOf,
  type Seen,
  type Subscription,
} from './occurrence-rules.ts'

/** The services that know who sees what. */
export type Witnesses = Readonly<{
  tasks: Pick<Client<typeof tasks>, 'list_seen_tasks' | 'find_ready'>
  loops: Pick<Client<typeof loopsQueue>, 'list_private_loops' | 'get_loop_states'>
}>

/** Loops that are asked about at once whether they have ready tasks. */
const PARALLEL = 8

/** Ids in pages of as many as may be asked about at once, each once. */
const pagesOf = (ids: Iterable<string>): string[][] => partsOf([...new Set(ids)], LIMITS.page)

/** Asks about these tasks and loops. */
const lookUp = async (
  { tasks, loops }: Witnesses,
  asked: Readonly<{ task_ids: readonly string[]; loop_ids: readonly string[]; work: boolean }>,
  call: MemberCall,
): Promise<Seen> => {
  const { workspace_id } = call.caller
  const { loop_ids: visible } = await loops.list_private_loops({}, call)
  const found = await inParallel(pagesOf(asked.task_ids), 1, (task_ids) =>
    tasks.list_seen_tasks({ task_ids, visible_private_loop_ids: visible }, call),
  )
  const tasksById = new Map(found.flatMap((page) => page.tasks).map((task) => [task.id, task]))
  const among = visible && new Set(visible)
  const seen = { task: (id: string) => tasksById.get(id), sees: (id: string) => among?.has(id) ?? true }
  if (!asked.work) return { ...seen, isActive: () => false, hasReady: () => false }
  const ofTasks = tasksById
    .values()
    .flatMap(({ ready, loop_id }) => (ready && loop_id !== null ? [loop_id] : []))
  const states = await inParallel(pagesOf([...asked.loop_ids, ...ofTasks]), 1, (loop_ids) =>
    loops.get_loop_states({ workspace_id, loop_ids }, call),
  )
  const active = new Set(
    states.flatMap((page) => page.loops).flatMap(({ id, status }) => (status === 'active' ? [id] : [])),
  )
  const reopened = [...new Set(asked.loop_ids)].filter((id) => active.has(id))
  const answers = await inParallel(reopened, PARALLEL, (id) =>
    tasks.find_ready({ workspace_id, loop_ids: [id] }, call),
  )
  const withWork = new Set(answers.flatMap(({ first }) => first ?? []))
  return { ...seen, isActive: (id) => active.has(id), hasReady: (id) => withWork.has(id) }
}

/**
 * What a subscriber is told of each of these events: as its reader sees it at this moment, or undefined.
 * @param call of the reader, as they are now.
 */
export const occurrencesOf = async (
  witnesses: Witnesses,
  events: readonly Happened[],
  subscription: Subscription,
  call: MemberCall,
): Promise<readonly (Occurrence | undefined)[]> => {
  const about = events.flatMap((event) => aboutOf(event, subscription) ?? [])
  if (about.length === 0) return events.map(() => undefined)
  const asked = {
    task_ids: about.flatMap((one) => ('task_id' in one ? [one.task_id] : [])),
    loop_ids: about.flatMap((one) => ('loop_id' in one ? [one.loop_id] : [])),
    work: subscription.name === 'work.ready',
  }
  const seen = await lookUp(witnesses, asked, call)
  return events.map((event) => occurrenceOf(event, subscription, seen))
}
