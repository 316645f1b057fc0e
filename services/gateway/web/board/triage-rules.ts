// What the triage page shows and where its forms lead; what a form asks of many tasks. Pure.
import * as z from 'zod'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import * as common from '../../../../shared/contracts/define/common.ts'
import { TRANSITIONS } from '../../../../shared/contracts/tasks/transitions.ts'
import type { Undo } from '../done.ts'
import type { TaskDone } from './task-changes.ts'
import type { FormTask } from './task-forms.ts'

/** What the address of the page says. */
export type TriageQuery = Readonly<{
  /** The task that is shown beside the list. */
  task?: string | undefined
  /** Instead: the one behind this, which has just left the list. */
  after?: string | undefined
  cursor?: string | undefined
  /** A task that has just been approved and is in no loop. */
  approved?: string | undefined
  /** On a narrow screen, the list and not the task. */
  list?: boolean | undefined
  /** Every task is selected, for those whose browser runs no script. */
  all?: boolean | undefined
}>

const idIn = (params: URLSearchParams, name: string): string | undefined =>
  common.Id.safeParse(params.get(name)).data

/** Reads an address. What is no id is passed over: the address may be an old one. */
export const readQuery = (params: URLSearchParams): TriageQuery => ({
  task: idIn(params, 'task'),
  after: idIn(params, 'after'),
  approved: idIn(params, 'approved'),
  cursor: params.get('cursor') || undefined,
  list: params.has('list') || !(params.has('task') || params.has('after')),
  all: params.has('all'),
})

/** The address that says this. */
export const triagePath = ({ task, after, cursor, approved, list, all }: TriageQuery): string => {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries({ task, after, cursor, approved }))
    if (value !== undefined) params.set(name, value)
  // A list without a task needs no word for it.
  if (list && (task ?? after) !== undefined) params.set('list', '')
  if (all) params.set('all', '')
  return params.size === 0 ? '/triage' : `/triage?${params}`
}

/** The task that is shown beside these, newest first; undefined: there is none. */
export const selectedId = (
  tasks: readonly Readonly<{ id: string }>[],
  { task, after }: TriageQuery,
): string | undefined => {
  if (task !== undefined) return task
  if (after === undefined) return tasks[0]?.id
  // An older one has a lower id.
  return (tasks.find(({ id }) => id < after) ?? tasks.at(-1))?.id
}

/** Where a change of one task leads on to: when it was decided, to the task behind it. */
export const afterChange = (from: URL, { task, before }: TaskDone): string => {
  const { cursor, list, ...query } = readQuery(from.searchParams)
  const isDecided = before === 'open' && task.status !== 'open'
  const needsLoop = task.status === 'approved' && before !== 'approved' && task.loop_id === null
  const approved = needsLoop ? task.id : undefined
  const isShown = query.task === undefined || query.task === task.id
  return isDecided && isShown
    ? triagePath({ after: task.id, cursor, list, approved })
    : triagePath({ task: query.task, after: query.after, cursor, list, approved })
}

/** What a list says of a task for a form of many: the version that was seen, and what undoing goes back to. */
export const seenAs = ({
  version,
  priority,
  loop_id,
}: Pick<FormTask, 'version' | 'priority' | 'loop_id'>): string => `${version} ${priority} ${loop_id ?? '-'}`

const Seen = z.object({
  version: common.Version,
  priority: common.Priority.optional(),
  loop_id: common.Id.nullable().optional(),
})
export type Seen = z.infer<typeof Seen>

const readSeen = (text: string): Seen => {
  const [version, priority, loop_id] = text.split(' ')
  return checkInput(Seen, {
    version: Number(version),
    priority,
    loop_id: loop_id === '-' ? null : loop_id,
  })
}

const Many = z.object({
  task_ids: z.array(common.Id).max(common.LIMITS.bulk_tasks),
  status: common.TaskStatus.optional(),
  priority: common.Priority.optional(),
  loop_id: common.Id.nullable().optional(),
})

/** What a form asks of many tasks. */
export type ManyChange = Readonly<{
  task_ids: readonly string[]
  update: Readonly<Omit<z.infer<typeof Many>, 'task_ids'>>
  /** What was seen of each, in the same order; undefined where the form says it of none. */
  seen: readonly Seen[] | undefined
}>

/** The value of `loop_id` that takes tasks out of their loops; an empty one leaves them. */
export const NO_LOOP = 'none'

/**
 * Reads a form of many tasks. Nothing selected, and nothing to do, are not faults here.
 * @returns `partly` where what was seen is said of some of them only.
 * @throws AppError `invalid_argument` or `limit_exceeded` for a field that cannot be so.
 */
export const readManyChange = (form: URLSearchParams): ManyChange | 'partly' => {
  const given = (name: string): string | undefined => form.get(name) || undefined
  const loop = given('loop_id')
  const { task_ids, ...update } = checkInput(Many, {
    task_ids: [...new Set(form.getAll('task_ids'))],
    status: given('status'),
    priority: given('priority'),
    loop_id: loop === NO_LOOP ? null : loop,
  })
  const seen = task_ids.flatMap((id) => {
    const text = given(`version_${id}`)
    return text === undefined ? [] : [readSeen(text)]
  })
  if (seen.length > 0 && seen.length < task_ids.length) return 'partly'
  return {
    task_ids,
    update: Object.fromEntries(Object.entries(update).filter(([, value]) => value !== undefined)),
    seen: seen.length === 0 ? undefined : seen,
  }
}

/** What became of one of many tasks. */
type Result = Readonly<{
  task_id: string
  ok: boolean
  changed: boolean
  version?: number | undefined
  error?: Readonly<{ code: string }> | undefined
}>

/** How many tasks became what, as the messages of the page that say so. */
export const manySentences = ({ update }: ManyChange, results: readonly Result[]) => {
  const { status } = update
  const [done, failed] = [results.filter(({ ok }) => ok), results.filter(({ ok }) => !ok)]
  const left = failed.filter(({ error }) => error?.code === 'version_conflict' || error?.code === 'not_found')
  const did =
    status === 'approved' || status === 'rejected' || status === 'on_hold'
      ? (`many_${status}` as const)
      : ('many_changed' as const)
  return [
    { key: did, count: done.length },
    { key: 'many_left' as const, count: left.length },
    { key: 'many_refused' as const, count: failed.length - left.length },
  ].filter(({ key, count }) => count > 0 || (key === did && failed.length === 0))
}

/** Most different states that one undo goes back to. */
const MAX_UNDOS = 10

/** What takes a change of many tasks back, for all that were changed; undefined where it cannot be. */
export const undoOfMany = (
  { update, seen, task_ids }: ManyChange,
  results: readonly Result[],
): readonly Undo[] | undefined => {
  const { status, priority, loop_id } = update
  if (seen === undefined) return undefined
  if (status !== undefined && !TRANSITIONS[status].includes('open')) return undefined
  const groups = new Map<string, Undo & { kind: 'tasks' }>()
  for (const { task_id, ok, changed, version } of results) {
    const before = seen[task_ids.indexOf(task_id)]
    if (!ok || !changed || version === undefined || before === undefined) continue
    const back = {
      // The page lists open tasks only, and at another version none was changed.
      ...(status === undefined ? {} : { status: 'open' as const }),
      ...(priority === undefined ? {} : { priority: before.priority }),
      ...(loop_id === undefined ? {} : { loop_id: before.loop_id }),
    }
    if (Object.values(back).some((value) => value === undefined)) return undefined
    const key = JSON.stringify(back)
    const group = groups.get(key) ?? { kind: 'tasks', tasks: [], back }
    groups.set(key, { ...group, tasks: [...group.tasks, [task_id, version]] })
  }
  return groups.size === 0 || groups.size > MAX_UNDOS ? undefined : [...groups.values()]
}
