// Which events change what an open page shows, and who may be told. Pure.
import type { Passed } from '../../../../shared/events/watch.ts'

/** What a page is about. */
export type Subject = Readonly<{ task_id: string }> | Readonly<{ loop_id: string }>

/** What passed since a page was told last. */
export type Changes = Readonly<{
  /** Something that everybody in the workspace sees. */
  everybody: boolean
  /** Something that only those see who see these private loops or tasks. */
  loop_ids: readonly string[]
  task_ids: readonly string[]
  /** Something private, and it is not known what. */
  hidden: boolean
}>

export const NO_CHANGES: Changes = { everybody: false, loop_ids: [], task_ids: [], hidden: false }

/** Most private things that are kept apart; beyond it, all that is known is that there was something. */
const MAX_NAMED = 50

const texts = (...values: readonly unknown[]): string[] =>
  values.flat().filter((value) => typeof value === 'string')

/** Whether an event is about the subject of a page, as far as the event says. */
const concerns = (subject: Subject | undefined, data: Readonly<Record<string, unknown>>): boolean => {
  if (subject === undefined) return true
  if ('task_id' in subject) return data.task_id === subject.task_id || 'open_blockers' in data
  const { loop_id } = subject
  const moved = Array.isArray(data.changed) && data.changed.includes('loop_id')
  return moved || texts(data.loop_id, data.loop_id_before, data.loop_ids).includes(loop_id)
}

/**
 * Adds an event to what passed.
 * @param passed undefined: some may have been missed.
 * @returns the same object where the event changes nothing that the page shows.
 */
export const addPassed = (changes: Changes, subject: Subject | undefined, passed: Passed): Changes => {
  if (changes.everybody) return changes
  if (passed === undefined) return { ...changes, everybody: true }
  const { data, type } = passed
  if (!concerns(subject, data)) return changes
  // The order of the queue is everybody's, but which loops it is about is not.
  const isOrder = type === 'queue.changed'
  const isPrivate = data.private === true || data.visibility === 'private' || isOrder
  if (!isPrivate) return { ...changes, everybody: true }
  const loop_ids = [
    ...new Set([...changes.loop_ids, ...texts(data.loop_id, data.loop_id_before, data.loop_ids)]),
  ]
  const task_ids =
    typeof data.loop_id === 'string'
      ? changes.task_ids
      : [...new Set([...changes.task_ids, ...texts(data.task_id)])]
  if (loop_ids.length + task_ids.length > MAX_NAMED) return { ...NO_CHANGES, hidden: true }
  return { ...changes, loop_ids, task_ids }
}
