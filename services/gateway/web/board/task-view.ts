// One task, whole: its text, what is said of it, who works on it, and all that changes it. Pure.

import { html } from 'hono/html'
import type { ShownActivity } from '../../../../shared/contracts/activity.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { ApprovedText, LoopRef, Task } from '../../../../shared/contracts/tasks/shapes.ts'
import type { Html } from '../layout.ts'
import { markdown } from '../markdown.ts'
import { ACTIVITY } from '../messages/activity.ts'
import { memberName } from '../messages/delete-account.ts'
import { TASK } from '../messages/task.ts'
import { TASK_TEXTS } from '../messages/task-texts.ts'
import { moment } from '../moments.ts'
import { activityPath } from './activity-filter-rules.ts'
import { type ActivityReader, activityList } from './activity-view.ts'
import { approvalView } from './approval-view.ts'
import { type BlockersShown, blockersView } from './blockers-view.ts'
import { type ClaimShown, claimView } from './claim-view.ts'
import { type Conversation, type ConversationReader, conversationView } from './conversation-view.ts'
import { bothTexts } from './diff-view.ts'
import {
  dueDateMenu,
  editForm,
  loopMenu,
  priorityMenu,
  type StatusWords,
  statusForm,
  type TaskForms,
  type TaskWords,
  type Typed,
} from './task-forms.ts'

/** All that the page shows, for one reader. */
export type TaskShown = Readonly<{
  task: Task
  loop: LoopRef | null
  approved_text: ApprovedText | undefined
  claim: ClaimShown | undefined
  blockers: BlockersShown
  conversation: Conversation
  history: readonly ShownActivity[]
  words: TaskWords
  statuses: StatusWords
  /** For those who may write; undefined: they see what there is. */
  forms: TaskForms | undefined
  may_approve: boolean
  /** What somebody typed that was not saved. */
  typed: Typed
  conflict: boolean
}>

export type TaskReader = ActivityReader & ConversationReader

const head = ({ task, loop, statuses }: TaskShown, { language, reading, now }: TaskReader): Html => {
  const words = wordsOf(TASK, language)
  const who = html`<bdi>${memberName(task.author.name, language)}</bdi>`
  return html`<header class="task-head">
      <p class="crumb">${loop ? html`<a href="/loops/${loop.id}" dir="auto">${loop.name}</a>` : words.word('no_loop')}</p>
      <h1 dir="auto">${task.title}</h1>
      <p class="meta"><span class="pill ${task.status}" id="status-now">${statuses.word(task.status)}</span>
        <span>${words.pieces('filed_by', { who, when: moment(new Date(task.created_at), now, reading) })}</span>
        <bdi>${wordsOf(ACTIVITY, language).say('through', { client: task.author.client })}</bdi></p>
    </header>`
}

const textOf = (shown: TaskShown, { language, mentionsIn }: TaskReader): Html => {
  const { task, forms, typed, conflict } = shown
  const words = wordsOf(TASK, language)
  return html`<section class="card text" aria-labelledby="text-title">
      <h2 class="unseen" id="text-title">${wordsOf(TASK_TEXTS, language).word('edit_body')}</h2>
      ${task.body === '' ? html`<p class="small">${words.word('no_body')}</p>` : markdown(task.body, mentionsIn(task.body))}
      ${(task.links ?? []).length === 0 ? '' : html`<ul class="links">${task.links?.map((href) => html`<li><a href="${href}" rel="noopener nofollow ugc" dir="ltr">${href}</a></li>`)}</ul>`}
      ${conflict && typed.body !== undefined ? bothTexts(task, { title: typed.title ?? task.title, body: typed.body.replaceAll('\r\n', '\n') }, language) : ''}
      ${forms ? editForm(task, forms, { keys: true, typed, conflict }) : ''}
    </section>`
}

/** The statuses that a reader may choose: what somebody else works on can only be stopped. */
const statusesOf = ({ task, forms, claim, may_approve }: TaskShown): Html | '' => {
  if (!forms) return ''
  if (claim === undefined || claim.of === 'browser') return statusForm(task, forms, { keys: true })
  return may_approve ? statusForm(task, forms, { keys: true, only: ['on_hold', 'rejected'] }) : ''
}

const labelsOf = ({ task, forms, typed }: TaskShown, { language }: TaskReader): Html | '' => {
  const words = wordsOf(ACTIVITY, language)
  const { labels = [] } = task
  const shown = labels.map((label) => html`<span class="pill" dir="auto">${label}</span> `)
  if (!forms) return labels.length === 0 ? '' : html`<p class="labels">${shown}</p>`
  return html`<details class="labels edit" id="labels" ${typed.labels === undefined ? '' : 'open'}><summary>${labels.length === 0 ? words.word('labels') : shown}</summary>
      <form method="post" action="/tasks/${task.id}/labels" id="labels-form">
        <input type="hidden" name="expected_version" value="${task.version}">
        <label for="labels-field">${words.word('labels')}</label>
        <input id="labels-field" name="labels" value="${typed.labels ?? labels.join(', ')}" dir="auto" autocomplete="off" aria-describedby="labels-hint">
        <p class="hint" id="labels-hint">${wordsOf(TASK, language).word('labels_hint')}</p>
        <button class="small">${wordsOf(TASK_TEXTS, language).word('save')}</button></form></details>`
}

const facts = (shown: TaskShown, reader: TaskReader): Html => {
  const { task, loop, forms, words } = shown
  const { language } = reader
  const approved = task.approved_by
  const own = forms
    ? html`<div class="properties">${loopMenu(task, forms, { loop, keys: true })} ${priorityMenu(task, forms, { keys: true })} ${dueDateMenu(task, forms, { keys: true })}</div>`
    : html`<p class="meta"><span>${words.word(task.priority)}</span>${task.due_date ? html`<time datetime="${task.due_date}">${task.due_date}</time>` : ''}</p>`
  return html`<section class="side" aria-label="${wordsOf(TASK, language).word('sidebar')}">
      ${statusesOf(shown)} ${own} ${labelsOf(shown, reader)}
      ${approved ? html`<p class="small">${wordsOf(TASK_TEXTS, language).pieces('approved_by', { who: html`<bdi>${memberName(approved.name, language)}</bdi>` })}</p>` : ''}
    </section>`
}

const historyOf = ({ history }: TaskShown, reader: TaskReader): Html => {
  const words = wordsOf(TASK, reader.language)
  return html`<details class="history" id="history"><summary>${words.word('history')}</summary>
      ${history.length === 0 ? html`<p class="small">${words.word('no_history')}</p>` : activityList(history, reader)}
      <p><a href="${activityPath({ task: reader.task_id })}">${words.word('earlier')}</a></p></details>`
}

/** The page of a task. */
export const taskView = (shown: TaskShown, reader: TaskReader): Html => {
  const { task, approved_text, claim, forms, may_approve } = shown
  const words = wordsOf(TASK, reader.language)
  return html`<div class="task" id="task-${task.id}">
      ${head(shown, reader)}
      <div class="task-main">
        ${textOf(shown, reader)}
        ${approved_text ? approvalView(task, approved_text, { forms, may_approve }, reader) : ''}
        ${conversationView(shown.conversation, reader)}
        ${historyOf(shown, reader)}
      </div>
      <aside class="task-side">
        ${facts(shown, reader)}
        ${claim ? claimView(task, claim, reader) : ''}
        ${blockersView(shown.blockers, reader.language)}
        ${forms ? html`<p class="removal"><a class="quiet" href="/tasks/${task.id}/delete">${words.word('delete')}</a></p>` : ''}
      </aside>
    </div>`
}

/** Asks before a task is removed for good. */
export const deletionView = (task: Task, language: TaskReader['language']): Html => {
  const words = wordsOf(TASK, language)
  return html`<div class="card ask"><h1 dir="auto">${words.say('delete_title', { title: task.title })}</h1>
      <p>${words.word('delete_text')}</p>
      <form method="post" action="/tasks/${task.id}/delete" class="pair">
        <input type="hidden" name="expected_version" value="${task.version}">
        <button class="danger" name="confirm" value="yes">${words.word('delete_confirm')}</button>
        <a class="button second" href="/tasks/${task.id}">${words.word('keep')}</a></form></div>`
}
