// What a posted form asks of a task, what takes it back, and what is said of it. Pure.
import * as z from 'zod'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import * as common from '../../../../shared/contracts/define/common.ts'
import { TRANSITIONS } from '../../../../shared/contracts/tasks/transitions.ts'
import type { Undo } from '../done.ts'
import { calendarDay, type Reading } from '../moments.ts'
import type { FormTask, TaskWords } from './task-forms.ts'

const Change = z.object({
  status: common.TaskStatus.optional(),
  priority: common.Priority.optional(),
  loop_id: common.Id.nullable().optional(),
  due_date: common.CalendarDate.nullable().optional(),
  title: common.Name.optional(),
  body: common.Body.optional(),
  text: common.CommentText.optional(),
  once: common.Id.optional(),
  expected_version: common.Version.optional(),
  seen_status: common.TaskStatus.optional(),
})
type Posted = z.infer<typeof Change>

/** What a form asks of a task. */
export type TaskChange = Readonly<{
  /** The fields to change: none where it only comments. */
  update: Readonly<Pick<Posted, 'status' | 'priority' | 'loop_id' | 'due_date' | 'title' | 'body'>>
  /** A comment to write first, and the id by which a repeat is known. */
  comment?: Readonly<{ text: string; once?: string | undefined }>
  /** The version and the status that the person saw. */
  expected_version?: number | undefined
  seen_status?: common.TaskStatus | undefined
}>

/** Fields whose empty value means something; of the others it means that they were not filled in. */
const CLEARED_BY_EMPTY = ['loop_id', 'due_date'] as const
/** A text as it is stored: forms send their line feeds as CRLF. */
const unixLines = (text: string): string => text.replaceAll('\r\n', '\n')

/**
 * Reads a posted form.
 * @throws AppError `invalid_argument` or `limit_exceeded` for a field that cannot be so.
 */
export const readTaskChange = (form: URLSearchParams): TaskChange => {
  const given = (name: string): string | undefined => form.get(name) || undefined
  const cleared = (name: string): string | null | undefined =>
    form.has(name) ? (given(name) ?? null) : undefined
  const version = given('expected_version')
  const body = form.get('body')
  const posted = checkInput(Change, {
    status: given('status'),
    priority: given('priority'),
    ...Object.fromEntries(CLEARED_BY_EMPTY.map((name) => [name, cleared(name)])),
    title: form.get('title') ?? undefined,
    body: body === null ? undefined : unixLines(body),
    text: given('text') && unixLines(given('text') ?? ''),
    once: given('once'),
    expected_version: version === undefined ? undefined : Number(version),
    seen_status: given('seen_status'),
  })
  const { text, once, expected_version, seen_status, ...update } = posted
  return {
    update: Object.fromEntries(Object.entries(update).filter(([, value]) => value !== undefined)),
    ...(text === undefined ? {} : { comment: { text, once } }),
    expected_version,
    seen_status,
  }
}

/** Of a change, what is not so already. Line ends that only a form changed are left as they were. */
export const changedBy = (
  { update }: TaskChange,
  before: FormTask & Readonly<{ body: string }>,
): TaskChange['update'] => {
  const now: Readonly<Record<string, unknown>> = { ...before, body: unixLines(before.body) }
  return Object.fromEntries(Object.entries(update).filter(([name, value]) => now[name] !== value))
}

/** What takes a change back; undefined where something of it cannot be. */
export const undoOf = (
  before: FormTask,
  version: number,
  update: TaskChange['update'],
): readonly Undo[] | undefined => {
  const { status, title, body, ...others } = update
  if (title !== undefined || body !== undefined) return undefined
  if (status !== undefined && !TRANSITIONS[status].includes(before.status)) return undefined
  const back = {
    ...(status === undefined ? {} : { status: before.status }),
    ...(others.priority === undefined ? {} : { priority: before.priority }),
    ...(others.loop_id === undefined ? {} : { loop_id: before.loop_id }),
    ...(others.due_date === undefined ? {} : { due_date: before.due_date }),
  }
  return Object.keys(back).length === 0 ? undefined : [{ kind: 'tasks', tasks: [[before.id, version]], back }]
}

/** What was done to a task, as sentences for the person. */
export const doneSentence = (
  done: Readonly<{
    title: string
    update: TaskChange['update']
    commented: boolean
    approval_withdrawn: boolean
    /** The name of the loop that it was moved into. */
    loop: string | undefined
  }>,
  words: TaskWords,
  reading: Reading,
): string => {
  const { title, update, commented, approval_withdrawn, loop } = done
  const { status, priority, due_date, loop_id } = update
  const isText = update.title !== undefined || update.body !== undefined
  const said = [
    commented ? words.say('was_commented', { title }) : '',
    isText ? words.say(approval_withdrawn ? 'was_withdrawn' : 'was_saved', { title }) : '',
    loop_id === null ? words.say('was_taken_out', { title }) : '',
    loop_id ? words.say('was_moved', { title, loop: loop ?? '' }) : '',
    status ? words.say(`was_${status}`, { title }) : '',
    priority ? words.say('was_prioritized', { title, priority: words.word(priority) }) : '',
    due_date ? words.say('was_dated', { title, day: calendarDay(due_date, reading) }) : '',
    due_date === null ? words.say('was_undated', { title }) : '',
  ].filter(Boolean)
  return said.length === 0 ? words.say('was_unchanged', { title }) : said.join(' ')
}
