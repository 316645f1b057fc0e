// The tasks of a loop as columns by status, and each task as a card. Pure.
import { html } from 'hono/html'
import {
  PRIORITIES,
  TASK_STATUSES,
  type TaskCounts,
  type TaskStatus,
} from '../../../../shared/contracts/define/common.ts'
import { STATUS_WORDS } from '../../../../shared/contracts/define/status-words.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { TaskRow } from '../../../../shared/contracts/tasks/shapes.ts'
import type { Html } from '../layout.ts'
import { CARD } from '../messages/card.ts'
import { calendarDay, dayOf, moment } from '../moments.ts'
import { initials } from '../navigation.ts'
import type { LoopReader } from './loop-view.ts'
import { hiddenFields, type LoopChoice, statusForm, taskWords } from './task-forms.ts'

/** Tasks of one status: the first in order of work, and where the rest begins. */
export type Column = Readonly<{ status: TaskStatus; tasks: readonly TaskRow[]; next_cursor: string | null }>

/** What the columns of a loop show. */
export type Columns = Readonly<{
  loop_id: string
  /** The path that a change of a task leads back to. */
  from: string
  counts: TaskCounts
  columns: readonly Column[]
  /** Whether its tasks may be moved and changed here. */
  may_change: boolean
}>

/** A priority that says something, as a pill. */
const priorityPill = (task: TaskRow, { language }: LoopReader): Html | '' =>
  task.priority === 'none'
    ? ''
    : html`<span class="pill${task.priority === 'urgent' || task.priority === 'high' ? ' warn' : ''}">${taskWords(language).words.word(task.priority)}</span>`

const isFinished = ({ status }: TaskRow): boolean => status === 'shipped' || status === 'rejected'

/** The due date, marked where it has passed and the task is not finished. */
const duePill = (task: TaskRow, { language, reading, now }: LoopReader): Html | '' => {
  const { due_date } = task
  if (due_date === null) return ''
  const words = wordsOf(CARD, language)
  const isOverdue = due_date < dayOf(now, reading) && !isFinished(task)
  const date = calendarDay(due_date, reading)
  return html`<span class="pill${isOverdue ? ' bad' : ''}"><time datetime="${due_date}">${words.say(isOverdue ? 'overdue' : 'due', { date })}</time></span>`
}

const holder = ({ held_by }: TaskRow, { language, reading, now }: LoopReader): Html | '' => {
  if (!held_by) return ''
  const { name, client, agent, since } = held_by
  const who = html`<bdi>${agent === undefined ? name : `${name} · ${agent}`}</bdi>`
  const parts = wordsOf(CARD, language).pieces('held', {
    who,
    when: moment(new Date(since), now, reading),
  })
  return html`<p class="holder" title="${client}"><span class="avatar small" aria-hidden="true">${initials(name)}</span><span>${parts}</span></p>`
}

/** What there is to say of a task besides its title: most have little. */
const marks = (task: TaskRow, reader: LoopReader): Html | '' => {
  const words = wordsOf(CARD, reader.language)
  const { open_blockers, question_id, labels = [] } = task
  const pills = [
    priorityPill(task, reader),
    duePill(task, reader),
    open_blockers === undefined
      ? ''
      : html`<span class="pill bad">${words.plural('blocked', open_blockers)}</span>`,
    question_id === undefined ? '' : html`<span class="pill warn">${words.word('question')}</span>`,
    ...labels.map((label) => html`<span class="pill" dir="auto">${label}</span>`),
  ].filter((pill) => pill !== '')
  return pills.length === 0 ? '' : html`<p class="meta">${pills}</p>`
}

/** What can be done with a task without opening it. */
const cardMenu = (task: TaskRow, { loop_id, from }: Columns, reader: LoopReader): Html => {
  const { language, may_approve, reading } = reader
  const words = wordsOf(CARD, language)
  const forms = { ...taskWords(language), reading, may_approve, from, loops: [], more_loops: false }
  const path = `/tasks/${task.id}`
  const part = (label: string, items: Html | '') =>
    html`<p class="about" aria-hidden="true">${label}</p>${items}`
  const priorities = PRIORITIES.filter((priority) => priority !== task.priority).map(
    (priority) =>
      html`<button class="item" name="priority" value="${priority}">${forms.words.word(priority)}</button>`,
  )
  return html`<details class="menu" name="menu" id="menu-${task.id}">
      <summary aria-label="${words.say('menu', { title: task.title })}"><span aria-hidden="true">⋯</span></summary>
      <div class="items">${part(forms.words.word('status'), statusForm(task, forms, { button: 'item' }))}
        ${part(forms.words.word('priority'), html`<form method="post" action="${path}">${hiddenFields(task, forms)}${priorities}</form>`)}
        ${part(
          forms.words.word('loop'),
          html`<a class="item" href="/loops/${loop_id}?move=${task.id}" data-swap>${words.word('into_another')}</a>
        <form method="post" action="${path}">${hiddenFields(task, forms)}<button class="item" name="loop_id" value="">${words.word('out_of_loop')}</button></form>`,
        )}</div></details>`
}

const card = (task: TaskRow, columns: Columns, reader: LoopReader): Html => {
  const drag = columns.may_change ? html`data-drag="${task.id}" draggable="true"` : ''
  return html`<li class="task-card" id="task-${task.id}" data-row ${drag}>
      <div class="top"><a href="/tasks/${task.id}" dir="auto" draggable="false">${task.title}</a>${columns.may_change ? cardMenu(task, columns, reader) : ''}</div>
      ${marks(task, reader)}${holder(task, reader)}</li>`
}

const more = ({ status, tasks, next_cursor }: Column, columns: Columns, reader: LoopReader): Html | '' => {
  if (next_cursor === null) return ''
  const left = Math.max(1, columns.counts[status] - tasks.length)
  const query = new URLSearchParams({ status })
  return html`<p class="more"><a href="/loops/${columns.loop_id}?${query}" data-swap>${wordsOf(CARD, reader.language).plural('more', left)}</a></p>`
}

const column = (shown: Column, columns: Columns, reader: LoopReader): Html => {
  const { status, tasks } = shown
  const count = new Intl.NumberFormat(reader.language).format(columns.counts[status])
  return html`<section class="column" id="column-${status}" aria-labelledby="column-${status}-title" ${columns.may_change ? html`data-drop="${status}" data-field="status"` : ''}>
      <h2 id="column-${status}-title"><span class="status ${status}">${wordsOf(STATUS_WORDS, reader.language).word(status)}</span> <span class="count">${count}</span></h2>
      ${tasks.length === 0 ? '' : html`<ol class="cards">${tasks.map((task) => card(task, columns, reader))}</ol>`}
      ${more(shown, columns, reader)}</section>`
}

/** The columns, in the order in which work goes through them. */
export const columnsView = (columns: Columns, reader: LoopReader): Html => {
  const byStatus = new Map(columns.columns.map((one) => [one.status, one]))
  return html`<div class="columns">${TASK_STATUSES.map((status) => {
    const shown = byStatus.get(status)
    return shown ? column(shown, columns, reader) : ''
  })}</div>`
}

/** The tasks of one status alone, a page at a time. */
export const columnPage = (shown: Column, columns: Columns, reader: LoopReader): Html => {
  const { status, tasks, next_cursor } = shown
  const words = wordsOf(CARD, reader.language)
  const query = new URLSearchParams({ status, ...(next_cursor === null ? {} : { after: next_cursor }) })
  return html`<p><a href="/loops/${columns.loop_id}" data-swap>${words.word('all_statuses')}</a></p>
    <div class="columns one">${column({ ...shown, next_cursor: null }, columns, reader)}</div>
    ${tasks.length > 0 && next_cursor !== null ? html`<p class="more"><a href="/loops/${columns.loop_id}?${query}" data-swap>${words.word('next')}</a></p>` : ''}`
}

/** A form that moves a task into another active loop. */
export const moveForm = (
  { task, loops, loop_id }: Readonly<{ task: TaskRow; loops: readonly LoopChoice[]; loop_id: string }>,
  { language, reading, may_approve }: LoopReader,
): Html => {
  const words = wordsOf(CARD, language)
  const from = `/loops/${loop_id}`
  const forms = { ...taskWords(language), reading, may_approve, from, loops, more_loops: false }
  const others = loops.filter(({ id }) => id !== task.loop_id)
  return html`<div class="card move"><h1 dir="auto">${words.say('move_title', { title: task.title })}</h1>
    ${
      others.length === 0
        ? html`<p>${words.word('move_none')}</p>`
        : html`<form method="post" action="/tasks/${task.id}">${hiddenFields(task, forms)}
      <div class="field"><label for="move-to">${forms.words.word('loop')}</label>
        <select id="move-to" name="loop_id">${others.map(({ id, name }) => html`<option value="${id}">${name}</option>`)}</select></div>
      <button>${words.word('move')}</button></form>`
    }
    <p class="under"><a href="${from}" data-swap>${words.word('cancel')}</a></p></div>`
}
