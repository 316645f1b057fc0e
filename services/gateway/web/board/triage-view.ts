// The triage page: what waits for an answer, the list of open tasks, and one of them beside it. Pure.
import { html } from 'hono/html'
import { PRIORITIES } from '../../../../shared/contracts/define/common.ts'
import type { TaskRow } from '../../../../shared/contracts/tasks/shapes.ts'
import type { Html } from '../layout.ts'
import { calendarDay, moment } from '../moments.ts'
import { loopOptions, statusForm, type TaskForms } from './task-forms.ts'
import { alertNote, byline, DECISIONS, priorityPill, type Triage } from './triage-pieces.ts'
import { questionList } from './triage-questions-view.ts'
import { NO_LOOP, seenAs, triagePath } from './triage-rules.ts'
import { taskPane } from './triage-task-view.ts'

const rowMeta = (task: TaskRow, { words, forms, now }: Triage): Html => {
  const loop = forms.loops.find(({ id }) => id === task.loop_id)
  return html`<p class="meta"><span>${byline(task.author, words, 'filed')}</span>
    ${moment(new Date(task.created_at), now, forms.reading)}
    ${priorityPill(task, forms)}
    ${task.due_date ? html`<span>${forms.words.say('due', { day: calendarDay(task.due_date, forms.reading) })}</span>` : ''}
    ${loop ? html`<span class="pill"><bdi>${loop.name}</bdi></span>` : ''}</p>`
}

const row = (task: TaskRow, triage: Triage): Html => {
  const { words, forms, query, may_write, shown } = triage
  const { id, title } = task
  const isShown = shown?.task.id === id
  const { cursor } = query
  const own: TaskForms = { ...forms, from: triagePath({ task: shown?.task.id, cursor, list: true }) }
  const select = html`<input type="checkbox" form="many" name="task_ids" value="${id}" id="select-${id}" data-key="x" data-key-label="${words.say('select_one', { title: '…' })}" aria-label="${words.say('select_one', { title })}" ${query.all ? 'checked' : ''}><input type="hidden" form="many" name="version_${id}" value="${seenAs(task)}">`
  return html`<li id="task-${id}" data-row ${isShown ? html`aria-current="true"` : ''}>
    ${may_write ? select : ''}
    <div class="about"><a id="open-${id}" dir="auto" data-swap href="${triagePath({ task: id, cursor })}">${title}</a>${rowMeta(task, triage)}</div>
    ${may_write ? statusForm(task, own, { only: DECISIONS, button: 'mark', prefix: 'row', icons: true }) : ''}</li>`
}

/** The form for all tasks that are selected. Their boxes are in the list. */
const manyForm = ({ words, forms, query, many_problem, shown }: Triage): Html => {
  const decisions = DECISIONS.filter((status) => forms.may_approve || status !== 'approved')
  const { cursor } = query
  return html`<form class="many" id="many" method="post" action="/triage" aria-label="${words.word('many')}">
    <input type="hidden" name="from" value="${triagePath({ task: shown?.task.id, cursor, list: true })}">
    ${many_problem ? alertNote(many_problem.sentence, many_problem.is_english) : ''}
    <div class="pick"><label class="check only-script"><input type="checkbox" data-checks="task_ids" id="select-all"><span>${words.word('select_all')}</span></label>
    <a class="no-script" href="${triagePath({ cursor, all: true })}">${words.word('select_all')}</a></div>
    <div class="acts">${decisions.map(
      (status, index) =>
        html`<button class="small${index === 0 ? '' : ' second'}" name="status" value="${status}">${forms.words.word(`to_${status}`)}</button>`,
    )}
    <select name="loop_id" aria-label="${forms.words.word('loop')}"><option value="">${words.word('keep_loop')}</option>
      <option value="${NO_LOOP}">${forms.words.word('no_loop')}</option>${forms.loops.map(({ id, name }) => html`<option value="${id}">${name}</option>`)}</select>
    <select name="priority" aria-label="${forms.words.word('priority')}"><option value="">${words.word('keep_priority')}</option>
      ${PRIORITIES.map((priority) => html`<option value="${priority}">${forms.words.word(priority)}</option>`)}</select>
    <button class="small second">${words.word('apply')}</button></div></form>`
}

const pages = ({ query, next_cursor, frame }: Triage): Html | '' =>
  query.cursor === undefined && next_cursor === null
    ? ''
    : html`<nav class="pages" aria-label="${frame.next_page}">
        ${query.cursor === undefined ? '' : html`<a href="/triage" id="first-page">${frame.first_page}</a>`}
        ${next_cursor === null ? '' : html`<a href="${triagePath({ cursor: next_cursor })}" id="next-page" rel="next">${frame.next_page}</a>`}</nav>`

/** Offers a loop for a task that has just been approved: no agent takes it otherwise. */
const loopOffer = ({ loopless: task, forms, words, query, shown }: Triage): Html | '' => {
  if (task === undefined || forms.loops.length === 0) return ''
  const { cursor, list } = query
  const back = triagePath({ task: shown?.task.id, cursor, list })
  return html`<form class="note offer" id="offer-${task.id}" method="post" action="/tasks/${task.id}">
    <input type="hidden" name="expected_version" value="${task.version}"><input type="hidden" name="seen_status" value="${task.status}"><input type="hidden" name="from" value="${back}">
    <label for="offer-loop">${words.pieces('suggest', { title: html`<bdi>${task.title}</bdi>` })}</label>
    <div class="pair"><select id="offer-loop" name="loop_id">${loopOptions(forms, null)}</select>
    <button class="small">${forms.words.word('move')}</button></div></form>`
}

const empty = ({ words }: Triage): Html => html`<div class="empty card"><h2>${words.word('empty')}</h2>
    <p>${words.word('empty_text')}</p>
    <p class="buttons-row"><a class="button" href="/">${words.word('see_queue')}</a> <a href="/workspace#connect">${words.word('connect')}</a></p></div>`

/** The page. */
export const triageView = (triage: Triage): Html => {
  const { words, tasks, total, query, shown, problem, may_write, questions } = triage
  return html`<div class="triage ${query.list ? '' : 'chosen'}" data-address="${triagePath({ ...query, after: undefined, task: shown?.task.id })}">
    <header class="title"><h1>${words.word('title')}</h1><p>${words.plural('count', total)}</p></header>
    ${problem ? alertNote(problem.sentence, problem.is_english) : ''}
    ${loopOffer(triage)}
    ${questions.length > 0 ? questionList(triage) : ''}
    ${
      tasks.length === 0 && shown === undefined
        ? empty(triage)
        : html`<div class="panes"><section class="list" aria-labelledby="list-title">
      <h2 class="unseen" id="list-title">${words.word('list')}</h2>
      ${may_write && tasks.length > 0 ? manyForm(triage) : ''}
      ${tasks.length === 0 ? empty(triage) : html`<ol class="tasks">${tasks.map((task) => row(task, triage))}</ol>`}
      ${pages(triage)}</section>
      ${shown ? taskPane(shown, triage) : ''}</div>`
    }</div>`
}
