// The task beside the list of the triage page, with the forms that decide about it. Pure.
import { html } from 'hono/html'
import type { Comment } from '../../../../shared/contracts/tasks/shapes.ts'
import type { Html } from '../layout.ts'
import { markdown } from '../markdown.ts'
import { calendarDay, moment } from '../moments.ts'
import { commentForm, dueDateMenu, editForm, loopMenu, priorityMenu, statusForm } from './task-forms.ts'
import { byline, DECISIONS, priorityPill, type ShownTask, type Triage } from './triage-pieces.ts'
import { triagePath } from './triage-rules.ts'

/** Longest text that is shown here (bytes); a longer one is whole on the task's own page. */
const MAX_BYTES = 20 * 1024
/** Comments that are shown, and how much of each (characters). */
const COMMENTS = 5
const COMMENT_CHARS = 400

/** The beginning of a text, at most `bytes` long in UTF-8, without half a character at its end. */
const beginning = (text: string, bytes: number): string => {
  const all = Buffer.from(text)
  return all.length <= bytes ? text : new TextDecoder().decode(all.subarray(0, bytes)).replace(/\ufffd+$/, '')
}

const facts = ({ task, loop }: ShownTask, { words, forms, now, may_write }: Triage): Html => {
  const properties = may_write
    ? html`${priorityMenu(task, forms, { keys: true })}${loopMenu(task, forms, { loop, keys: true })}${dueDateMenu(task, forms, { keys: true })}`
    : html`${priorityPill(task, forms)}${loop ? html`<span class="pill"><bdi>${loop.name}</bdi></span>` : ''}${task.due_date ? html`<span>${forms.words.say('due', { day: calendarDay(task.due_date, forms.reading) })}</span>` : ''}`
  return html`<p class="meta"><span>${byline(task.author, words, 'filed')}</span> ${moment(new Date(task.created_at), now, forms.reading)}
      ${task.open_blockers ? html`<span class="pill warn">${words.plural('waits_for', task.open_blockers)}</span>` : ''}
      ${(task.labels ?? []).map((label) => html`<span class="pill" dir="auto">${label}</span>`)}</p>
    <div class="properties">${properties}</div>`
}

const text = ({ task }: ShownTask, { words }: Triage): Html => {
  const shown = beginning(task.body, MAX_BYTES)
  const more =
    shown === task.body
      ? ''
      : html`<p class="note warn">${words.word('cut')} <a href="/tasks/${task.id}">${words.word('open_task')}</a></p>`
  return task.body.trim() === ''
    ? html`<p class="small">${words.word('no_body')}</p>`
    : html`<div class="text">${markdown(shown)}</div>${more}`
}

const comment = ({ id, author, text: said, created_at }: Comment, { forms, now }: Triage): Html => {
  const short = [...said]
  const shown = short.length > COMMENT_CHARS ? `${short.slice(0, COMMENT_CHARS).join('')}…` : said
  return html`<li id="comment-${id}"><p class="meta"><strong><bdi>${author.name}</bdi></strong> <bdi>${author.client}</bdi> ${moment(new Date(created_at), now, forms.reading)}</p>
    <p dir="auto">${shown}</p></li>`
}

const comments = (shown: ShownTask, triage: Triage): Html | '' => {
  const last = shown.comments.slice(-COMMENTS)
  if (last.length === 0) return ''
  const { words } = triage
  return html`<section class="comments" aria-labelledby="comments-${shown.task.id}"><h3 id="comments-${shown.task.id}">${words.word('comments')}</h3>
    <ul>${last.map((one) => comment(one, triage))}</ul>
    ${shown.comments_total > last.length ? html`<p><a href="/tasks/${shown.task.id}">${words.plural('all_comments', shown.comments_total)}</a></p>` : ''}</section>`
}

/** The form to edit the task: first where somebody else has changed it meanwhile, else last. */
const editing = (shown: ShownTask, { forms, problem }: Triage, place: 'first' | 'last'): Html | '' => {
  const { task } = shown
  const own = problem?.task_id === task.id ? problem : undefined
  const { typed = {}, is_conflict: conflict = false } = own ?? {}
  const isTyped = typed.body !== undefined || typed.title !== undefined
  const isLong = Buffer.byteLength(task.body) > MAX_BYTES
  if ((place === 'first') !== isTyped || (isLong && !isTyped)) return ''
  return editForm(task, forms, { keys: true, typed, conflict })
}

const commenting = ({ task }: ShownTask, { forms, once, problem }: Triage): Html => {
  const typed = problem?.task_id === task.id ? problem.typed : {}
  return commentForm(task, forms, { once, keys: true, typed })
}

/** The task. */
export const taskPane = (shown: ShownTask, triage: Triage): Html => {
  const { words, forms, query, may_write } = triage
  const { task } = shown
  const { cursor } = query
  const isOpen = task.status === 'open'
  const next = query.after === undefined ? '' : words.say('next_is', { title: task.title })
  return html`<article class="card pane" id="pane-${task.id}" aria-labelledby="title-${task.id}" data-announce="${next}">
    <a class="back" href="${triagePath({ task: task.id, cursor, list: true })}">${words.word('back')}</a>
    <h2 id="title-${task.id}"><a href="/tasks/${task.id}" dir="auto">${task.title}</a></h2>
    ${isOpen ? '' : html`<p class="note">${words.say('now_status', { status: forms.statuses.word(task.status) })}</p>`}
    ${may_write ? statusForm(task, forms, { keys: true, ...(isOpen ? { only: DECISIONS } : {}) }) : ''}
    ${facts(shown, triage)}
    ${may_write ? editing(shown, triage, 'first') : ''}
    ${text(shown, triage)}
    ${comments(shown, triage)}
    ${may_write ? html`${commenting(shown, triage)}${editing(shown, triage, 'last')}` : ''}</article>`
}
