// The tasks.json of Task Master. Pure.
//
// Its subtasks are steps of one piece of work, so they become part of the body. What waits for a subtask waits for the task.
import type { Priority, TaskStatus } from '../contracts/define/common.ts'
import { readJson } from './json-rules.ts'
import { refusal } from './refusals.ts'
import {
  listOf,
  loopsOf,
  objectOf,
  type Parsed,
  type ParsedTask,
  type Row,
  sections,
  textOf,
} from './shape-rules.ts'

type Item = Readonly<Record<string, unknown>>

const STATUSES: Readonly<Record<string, TaskStatus>> = {
  done: 'shipped',
  completed: 'shipped',
  cancelled: 'rejected',
  deferred: 'on_hold',
}
const PRIORITIES: Readonly<Record<string, Priority>> = {
  critical: 'urgent',
  high: 'high',
  medium: 'medium',
  low: 'low',
}
/** The tag of tasks that nobody tagged. */
const UNTAGGED = 'master'

const refOf = (tag: string, id: string) => ({
  source: 'taskmaster',
  id: tag === UNTAGGED ? id : `${tag}/${id}`,
})

const stepOf = (parent: string, step: Item): string => {
  const done = STATUSES[textOf(step.status)] === 'shipped' ? 'x' : ' '
  const more = [step.description, step.details, step.testStrategy]
    .map(textOf)
    .filter((text) => text.trim() !== '')
  const indented = more.map((text) => `\n\n  ${text.trim().replaceAll('\n', '\n  ')}`).join('')
  return `- [${done}] ${parent}.${textOf(step.id)} ${textOf(step.title)}${indented}`
}

const taskOf = (tag: string, item: Item): ParsedTask => {
  const id = textOf(item.id)
  const blockers = listOf(item.dependencies).map((one) => textOf(one).split('.')[0] ?? '')
  const steps = listOf(item.subtasks).map((one) => stepOf(id, objectOf(one)))
  return {
    ref: refOf(tag, id),
    title: textOf(item.title),
    body: sections([
      ['', textOf(item.description)],
      ['Details', textOf(item.details)],
      ['Test strategy', textOf(item.testStrategy)],
      ['Subtasks', steps.join('\n')],
    ]),
    status: STATUSES[textOf(item.status)] ?? 'approved',
    priority: PRIORITIES[textOf(item.priority)] ?? 'none',
    due_date: null,
    labels: [],
    comments: [],
    blocked_by: [...new Set(blockers)]
      .filter((one) => one !== '' && one !== id)
      .map((one) => refOf(tag, one)),
    ...(tag === UNTAGGED ? {} : { loop: tag }),
  }
}

/** @throws AppError `invalid_argument` when it is no such file. */
export const parseTaskmaster = (text: string): Parsed => {
  const read = objectOf(readJson(text))
  const tags = Array.isArray(read.tasks)
    ? [[UNTAGGED, read.tasks] as const]
    : Object.entries(read).flatMap(([tag, held]) => {
        const { tasks } = objectOf(held)
        return Array.isArray(tasks) ? [[tag, tasks as readonly unknown[]] as const] : []
      })
  if (tags.length === 0) throw refusal('no_task_list', { file: 'tasks.json', folder: '.taskmaster/tasks' })
  const passed_over: Row[] = []
  const tasks = tags.flatMap(([tag, items]) =>
    items.map(objectOf).flatMap((item, n): ParsedTask[] => {
      if (textOf(item.id) !== '') return [taskOf(tag, item)]
      passed_over.push({ id: `${tag}, item ${n + 1}`, title: textOf(item.title), code: 'no_id' })
      return []
    }),
  )
  return { tasks, loops: loopsOf(tasks), passed_over }
}
