// What a task waits for, and what waits for it, with the forms that change it. Pure.
import { html } from 'hono/html'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { STATUS_WORDS } from '../../../../shared/contracts/define/status-words.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Blockers, TaskRow } from '../../../../shared/contracts/tasks/shapes.ts'
import type { Html } from '../layout.ts'
import { TASK } from '../messages/task.ts'

/** A task by its name. */
export type TaskLink = Pick<TaskRow, 'id' | 'title' | 'status'>

export type BlockersShown = Readonly<{
  task: Pick<TaskRow, 'id' | 'version'>
  waits_for: Blockers | undefined
  blocks: Readonly<{ tasks: readonly TaskLink[]; total: number }>
  may_write: boolean
  /** What somebody looks for, to wait for it, and what was found. */
  looked_for: Readonly<{ query: string; found: readonly TaskLink[] }> | undefined
}>

const statusPill = (status: TaskRow['status'], language: Language): Html =>
  html`<span class="pill ${status}">${wordsOf(STATUS_WORDS, language).word(status)}</span>`

const link = ({ id, title, status }: TaskLink, language: Language): Html =>
  html`<a href="/tasks/${id}" dir="auto">${title}</a> ${statusPill(status, language)}`

const changing = (
  { task }: BlockersShown,
  name: 'add_blocker' | 'remove_blocker',
  id: string,
  button: Html,
): Html =>
  html`<form method="post" action="/tasks/${task.id}/blockers" id="${name}-${id}">
      <input type="hidden" name="expected_version" value="${task.version}">
      <input type="hidden" name="${name}" value="${id}">${button}</form>`

const waitingFor = (shown: BlockersShown, language: Language): Html => {
  const { waits_for, may_write } = shown
  const words = wordsOf(TASK, language)
  if (!waits_for) return html`<p class="small">${words.word('nothing_waited')}</p>`
  const { tasks, others = 0 } = waits_for
  return html`<ul class="links">${tasks.map(
    (one) => html`<li><span>${link(one, language)}</span>
      ${may_write ? changing(shown, 'remove_blocker', one.id, html`<button class="plain" aria-label="${words.word('remove')}: ${one.title}">${words.word('remove')}</button>`) : ''}</li>`,
  )}
    ${others > 0 ? html`<li class="small">${words.plural('unseen', others)}</li>` : ''}</ul>`
}

/** Looks for another task while somebody types, and offers to wait for those that were found. */
const adding = (shown: BlockersShown, language: Language): Html | '' => {
  const { task, may_write, looked_for } = shown
  if (!may_write) return ''
  const words = wordsOf(TASK, language)
  return html`<details class="add" id="add-blocker" ${looked_for ? 'open' : ''} data-key="b" data-key-label="${words.word('add_blocker')}">
      <summary>${words.word('add_blocker')}</summary>
      <form method="get" action="/tasks/${task.id}" id="find-blocker">
        <label for="blocker">${words.word('find_task')}</label>
        <input type="search" id="blocker" name="q" data-search maxlength="200" autocomplete="off" value="${looked_for?.query ?? ''}">
        <button class="small second">${words.word('find')}</button></form>
      ${
        looked_for === undefined
          ? ''
          : looked_for.found.length === 0
            ? html`<p class="small" role="status">${words.word('none_found')}</p>`
            : html`<ul class="links">${looked_for.found.map(
                (one) => html`<li><span>${link(one, language)}</span>
              ${changing(shown, 'add_blocker', one.id, html`<button class="plain" aria-label="${words.word('wait_for')}: ${one.title}">${words.word('wait_for')}</button>`)}</li>`,
              )}</ul>`
      }</details>`
}

/** Both sides of what a task is tied to. */
export const blockersView = (shown: BlockersShown, language: Language): Html => {
  const { tasks, total } = shown.blocks
  const words = wordsOf(TASK, language)
  return html`<section class="side linked" aria-labelledby="waits-for">
      <h2 id="waits-for">${words.word('waits_for')}</h2>
      ${waitingFor(shown, language)} ${adding(shown, language)}
    </section>
    ${
      total === 0
        ? ''
        : html`<section class="side linked" aria-labelledby="blocks">
      <h2 id="blocks">${words.word('blocks')}</h2>
      <ul class="links">${tasks.map((one) => html`<li><span>${link(one, language)}</span></li>`)}
        ${total > tasks.length ? html`<li class="small">${words.plural('more_blocked', total - tasks.length)}</li>` : ''}</ul></section>`
    }`
}
