// What happened, as sentences: of one task, of one loop, of the workspace. Pure.

import { html } from 'hono/html'
import type { Change, ShownActivity } from '../../../../shared/contracts/activity.ts'
import { PRIORITIES, TASK_STATUSES } from '../../../../shared/contracts/define/common.ts'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { STATUS_WORDS } from '../../../../shared/contracts/define/status-words.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Html } from '../layout.ts'
import { ACTIVITY } from '../messages/activity.ts'
import { memberName } from '../messages/delete-account.ts'
import { TASK_FORMS } from '../messages/task-forms.ts'
import { calendarDay, moment, type Reading } from '../moments.ts'
import { initials } from '../navigation.ts'
import { activityPath } from './activity-filter-rules.ts'
import { sentenceOf, withoutEchoes } from './activity-rules.ts'

/** Who reads it, and what they know. */
export type ActivityReader = Readonly<{
  language: Language
  reading: Reading
  now: Date
  /** The name of a loop; undefined: it is not known, or not seen. */
  loopName: (loop_id: string) => string | undefined
  /** The task whose page it is: it is not named again. */
  task_id?: string
}>

const FIELDS = [
  'title',
  'body',
  'status',
  'priority',
  'due_date',
  'loop_id',
  'labels',
  'links',
  'blocked_by',
  'name',
  'description',
  'ai_context',
] as const
const isOneOf = <T extends string>(list: readonly T[], value: string): value is T =>
  (list as readonly string[]).includes(value)

const shownValue = (field: string, value: string | null, reader: ActivityReader): string => {
  const { language, reading, loopName } = reader
  const words = wordsOf(ACTIVITY, language)
  if (value === null) return words.word('none')
  if (field === 'status' && isOneOf(TASK_STATUSES, value)) return wordsOf(STATUS_WORDS, language).word(value)
  if (field === 'priority' && isOneOf(PRIORITIES, value)) return wordsOf(TASK_FORMS, language).word(value)
  if (field === 'due_date') return calendarDay(value, reading)
  return field === 'loop_id' ? (loopName(value) ?? words.word('a_loop')) : value
}

/** One change, such as “priority: low → high”. */
const changed = ({ field, before, after }: Change, reader: ActivityReader): string => {
  const words = wordsOf(ACTIVITY, reader.language)
  const name = isOneOf(FIELDS, field) ? words.word(field) : field
  if (after === undefined) return name
  const now = shownValue(field, after, reader)
  return before === undefined
    ? words.say('now', { field: name, after: now })
    : words.say('from_to', { field: name, before: shownValue(field, before, reader), after: now })
}

const subjectOf = ({ task_id, loop_id, title = '' }: ShownActivity, reader: ActivityReader): Html => {
  const words = wordsOf(ACTIVITY, reader.language)
  if (task_id !== undefined && task_id === reader.task_id) return html`${words.word('this_task')}`
  const path =
    task_id !== undefined ? `/tasks/${task_id}` : loop_id === undefined ? undefined : `/loops/${loop_id}`
  const name = html`<bdi>${words.say('quoted', { title })}</bdi>`
  return path === undefined ? name : html`<a href="${path}">${name}</a>`
}

/** Through which app and agent, each with a link to what else it did. */
const throughOf = ({ by: { client }, agent }: ShownActivity, reader: ActivityReader): Html => {
  const words = wordsOf(ACTIVITY, reader.language)
  const app = html`<a href="${activityPath({ client })}"><bdi>${client}</bdi></a>`
  return html`<span class="through">${words.pieces('through', { client: app })}${
    agent === undefined ? '' : html` · <a href="${activityPath({ agent })}"><bdi>${agent}</bdi></a>`
  }</span>`
}

/** One entry as a sentence, with through what, and when. */
export const activitySentence = (entry: ShownActivity, reader: ActivityReader): Html => {
  const { by, at } = entry
  const words = wordsOf(ACTIVITY, reader.language)
  const { key, changes } = sentenceOf(entry)
  const how = changes.map((one) => changed(one, reader)).join(', ')
  const places = {
    who: html`<a class="who-name" href="${activityPath({ person: by.user_id })}"><bdi>${memberName(by.name, reader.language)}</bdi></a>`,
    what: subjectOf(entry, reader),
    how: html`<bdi>${how}</bdi>`,
  }
  return html`<span>${words.pieces(key, places)}</span>
    <span class="meta">${throughOf(entry, reader)} ${moment(new Date(at), reader.now, reader.reading)}</span>`
}

/** Entries as a list, newest first. */
export const activityList = (entries: readonly ShownActivity[], reader: ActivityReader): Html =>
  html`<ol class="activity">${withoutEchoes(entries).map(
    (entry) =>
      html`<li><span class="avatar small" aria-hidden="true">${initials(memberName(entry.by.name, reader.language))}</span><div>${activitySentence(entry, reader)}</div></li>`,
  )}</ol>`
