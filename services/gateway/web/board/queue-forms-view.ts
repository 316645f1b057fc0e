// The forms of the queue page that make a loop or a task, and what is said when a form was refused. Pure.
import { html } from 'hono/html'
import { LIMITS } from '../../../../shared/contracts/define/common.ts'
import type { Loop } from '../../../../shared/contracts/loops-queue/shapes.ts'
import type { Html } from '../layout.ts'
import type { Target } from './queue-rules.ts'
import type { QueueWords } from './queue-view.ts'

/** What somebody typed that was not taken. */
export type Typed = Readonly<{
  name?: string | undefined
  visibility?: string | undefined
  title?: string | undefined
  body?: string | undefined
  /** Names the request, so that sending it twice makes one. */
  once?: string | undefined
}>

/** What of a posted form went wrong. */
export type QueueFault = Readonly<{
  of: 'order' | 'loop' | 'task' | 'status'
  sentence: Html | string
  /** The services' sentences are in English. */
  isEnglish: boolean
  /** A form that does what was target, based on what is there now. */
  again?: Html | undefined
}>

/** The refusal of a form, read out at once. */
export const faultView = (fault: QueueFault | undefined, of: QueueFault['of']): Html | '' =>
  fault?.of === of
    ? html`<div class="note ${fault.again ? 'warn' : 'bad'}" role="alert" id="fault"><p ${fault.isEnglish ? html`lang="en" dir="ltr"` : ''}>${fault.sentence}</p>${fault.again ?? ''}</div>`
    : ''

/** Moves a loop where it was to go, in the order as it is now. */
export const moveAgain = (
  words: QueueWords,
  {
    loop_id,
    target,
    version,
    page,
  }: Readonly<{ loop_id: string; target: Target; version: number; page: number }>,
): Html => {
  const [name, value, action] =
    'move' in target
      ? ['move', target.move, words.word(target.move)]
      : ['position', target.position, words.say('to_position', { position: String(target.position) })]
  return html`<form method="post" action="/loops/${loop_id}/move?page=${page}">
      <input type="hidden" name="expected_version" value="${version}">
      <input type="hidden" name="${name}" value="${value}">
      <button class="small">${words.say('again', { action })}</button></form>`
}

/** Puts a loop on hold or brings it back, as it is now. */
export const changeAgain = (
  words: QueueWords,
  { loop, status, page }: Readonly<{ loop: Loop; status: 'on_hold' | 'active'; page: number }>,
): Html => {
  const action = status === 'on_hold' ? 'hold' : 'reopen'
  return html`<form method="post" action="/queue/${action}?page=${page}">
      <input type="hidden" name="loop_id" value="${loop.id}">
      <input type="hidden" name="expected_version" value="${loop.version}">
      <button class="small">${words.say('again', { action: words.word(action) })}</button></form>`
}

/** The form of a new loop. */
export const newLoop = (words: QueueWords, typed: Typed, fault: QueueFault | undefined): Html => {
  const isOpen = fault?.of === 'loop'
  const isPrivate = typed.visibility === 'private'
  return html`<details class="menu new" id="new-loop" name="menu" data-key="n" ${isOpen ? 'open' : ''}><summary class="button">${words.word('new_loop')}</summary>
      <form method="post" action="/loops" class="card">
        ${faultView(fault, 'loop')}
        <input type="hidden" name="once" value="${typed.once}">
        <div class="field"><label for="loop-name">${words.word('loop_name')}</label>
          <input id="loop-name" name="name" value="${typed.name ?? ''}" maxlength="${LIMITS.name_chars}" required autocomplete="off" dir="auto" ${isOpen ? html`aria-describedby="fault"` : ''}></div>
        <details class="more" ${isPrivate ? 'open' : ''}><summary>${words.word('who_sees')}</summary>
          <fieldset><legend class="unseen">${words.word('who_sees')}</legend>
            <label class="check"><input type="radio" name="visibility" value="public" ${isPrivate ? '' : 'checked'}><span>${words.word('public')}</span></label>
            <label class="check"><input type="radio" name="visibility" value="private" ${isPrivate ? 'checked' : ''}><span>${words.word('private_choice')}</span></label>
          </fieldset></details>
        <button>${words.word('create')}</button>
      </form></details>`
}

/** The form of a new task. */
export const newTask = (words: QueueWords, typed: Typed, fault: QueueFault | undefined): Html => {
  const isOpen = fault?.of === 'task'
  return html`<details class="menu new" id="new-task" name="menu" data-key="c" ${isOpen ? 'open' : ''}><summary class="button">${words.word('new_task')}</summary>
      <form method="post" action="/tasks" class="card">
        ${faultView(fault, 'task')}
        <input type="hidden" name="once" value="${typed.once}">
        <div class="field"><label for="task-title">${words.word('task_title')}</label>
          <input id="task-title" name="title" value="${typed.title ?? ''}" maxlength="${LIMITS.name_chars}" required autocomplete="off" dir="auto" ${isOpen ? html`aria-describedby="fault"` : ''}></div>
        <details class="more" ${typed.body ? 'open' : ''}><summary>${words.word('details')}</summary>
          <div class="field"><label for="task-body">${words.word('task_body')}</label>
            <textarea id="task-body" name="body" dir="auto">
${typed.body ?? ''}</textarea></div></details>
        <button>${words.word('file')}</button>
      </form></details>`
}
