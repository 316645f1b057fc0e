// The forms that change one task, as every page with tasks shows them. Pure.
//
// Each posts to /tasks/<id> (task-changes.ts) with the version and status that the page was made from, and the path to
// return to. A page shows forms only to those who may write.
import { html, raw } from 'hono/html'
import { LIMITS, PRIORITIES, type TaskStatus } from '../../../../shared/contracts/define/common.ts'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { STATUS_WORDS } from '../../../../shared/contracts/define/status-words.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { TaskRow } from '../../../../shared/contracts/tasks/shapes.ts'
import { nextStatuses } from '../../../../shared/contracts/tasks/transitions.ts'
import type { Html } from '../layout.ts'
import { TASK_FORMS } from '../messages/task-forms.ts'
import { calendarDay, type Reading } from '../moments.ts'

export type TaskWords = Words<(typeof TASK_FORMS)['en']>
export type StatusWords = Words<(typeof STATUS_WORDS)['en']>

/** What of a task its forms show. */
export type FormTask = Pick<
  TaskRow,
  'id' | 'title' | 'status' | 'priority' | 'due_date' | 'loop_id' | 'approved_by' | 'version'
>

/** A loop that tasks can be moved into. */
export type LoopChoice = Readonly<{ id: string; name: string }>

/** What all forms of a page share. */
export type TaskForms = Readonly<{
  words: TaskWords
  statuses: StatusWords
  reading: Reading
  may_approve: boolean
  /** The path that a change leads back to. */
  from: string
  loops: readonly LoopChoice[]
  /** Whether there are more loops than these. */
  more_loops: boolean
}>

/** The words of forms and statuses in a language. */
export const taskWords = (language: Language): Readonly<{ words: TaskWords; statuses: StatusWords }> => ({
  words: wordsOf(TASK_FORMS, language),
  statuses: wordsOf(STATUS_WORDS, language),
})

/** What each form of a task sends besides its own field. */
export const hiddenFields = (
  { version, status }: Pick<FormTask, 'version' | 'status'>,
  { from }: Pick<TaskForms, 'from'>,
): Html =>
  html`<input type="hidden" name="expected_version" value="${version}"><input type="hidden" name="seen_status" value="${status}"><input type="hidden" name="from" value="${from}">`

/** The keys of the forms, where a page lets them be used. */
const STATUS_KEYS: Partial<Record<TaskStatus, string>> = { approved: '1', rejected: '3', on_hold: 'h' }

const keyOf = (key: string | undefined, label: string): Html | '' =>
  key === undefined ? '' : html`data-key="${key}" data-key-label="${label}"`

/** The key beside the name of what it does. */
const hint = (key: string | undefined): Html | '' =>
  key === undefined ? '' : html` <kbd class="only-script" aria-hidden="true">${key.toUpperCase()}</kbd>`

/** What changing a task to a status is called on its button. */
export const statusVerb = (
  { status }: Pick<FormTask, 'status'>,
  to: TaskStatus,
  { words }: TaskForms,
): string => (status === 'approved' && to === 'open' ? words.word('withdraw') : words.word(`to_${to}`))

/** How the buttons of a form of statuses look. */
export type StatusLook = Readonly<{
  /** Only these of the possible ones. */
  only?: readonly TaskStatus[]
  /** Class of its buttons; the first that leads on is emphasized without. */
  button?: string
  /** Whether keys press them. */
  keys?: boolean
  /** Makes its id unique where a page has several of one task. */
  prefix?: string
  /** Marks instead of words, in a list where the element `open-<task id>` has the title of the task. */
  icons?: true
}>

const mark = (path: string): Html =>
  html`<svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="2.1" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${raw(path)}</svg>`
const MARKS: Partial<Record<TaskStatus, Html>> = {
  approved: mark('<path d="m4 10.500 4 4 8-9"/>'),
  rejected: mark('<path d="m5 5 10 10M15 5 5 15"/>'),
  on_hold: mark('<path d="M7 4.500v11M13 4.500v11"/>'),
}

/** A form with a button for each status that somebody may change the task to. */
export const statusForm = (task: FormTask, forms: TaskForms, look: StatusLook = {}): Html | '' => {
  const { only, button, keys = false, prefix = 'status', icons } = look
  const next = nextStatuses(task, forms.may_approve).filter((status) => only?.includes(status) ?? true)
  if (next.length === 0) return ''
  const key = (status: TaskStatus): string | undefined => (keys ? STATUS_KEYS[status] : undefined)
  return html`<form class="statuses" method="post" action="/tasks/${task.id}" id="${prefix}-${task.id}">${hiddenFields(task, forms)}${next.map(
    (status, index) => {
      const verb = statusVerb(task, status, forms)
      const style = button ?? (index === 0 ? 'small' : 'small second')
      const icon = icons && MARKS[status]
      const name = icon
        ? html`aria-label="${verb}" title="${verb}" aria-describedby="open-${task.id}"`
        : html`id="${prefix}-${task.id}-${status}" ${keyOf(key(status), verb)}`
      return html`<button class="${style}" name="status" value="${status}" ${name}>${icon ?? html`${verb}${hint(key(status))}`}</button>`
    },
  )}</form>`
}

/** A menu of one property: its name, what it is now, and what is in it. */
const propertyMenu = (
  { id, label, now, key }: Readonly<{ id: string; label: string; now: string; key: string | undefined }>,
  items: Html,
): Html => html`<details class="menu property" name="menu" id="${id}" ${keyOf(key, label)}>
    <summary id="${id}-now"><span class="unseen">${label}: </span><span dir="auto">${now}</span>${hint(key)}</summary>
    <div class="items">${items}</div></details>`

/** A menu with a button for each priority. */
export const priorityMenu = (task: FormTask, forms: TaskForms, { keys = false } = {}): Html => {
  const { words } = forms
  return propertyMenu(
    {
      id: `priority-${task.id}`,
      label: words.word('priority'),
      now: words.word(task.priority),
      key: keys ? 'p' : undefined,
    },
    html`<form method="post" action="/tasks/${task.id}" id="priority-${task.id}-form">${hiddenFields(task, forms)}${PRIORITIES.map(
      (priority) =>
        html`<button class="item" name="priority" value="${priority}" ${priority === task.priority ? html`aria-pressed="true"` : ''}>${words.word(priority)}</button>`,
    )}</form>`,
  )
}

/** A menu with a field for the due date. */
export const dueDateMenu = (task: FormTask, forms: TaskForms, { keys = false } = {}): Html => {
  const { words, reading } = forms
  const id = `due-${task.id}`
  return propertyMenu(
    {
      id,
      label: words.word('due_date'),
      now: task.due_date ? calendarDay(task.due_date, reading) : words.word('due_date'),
      key: keys ? 'd' : undefined,
    },
    html`<form class="about" method="post" action="/tasks/${task.id}" id="${id}-form">${hiddenFields(task, forms)}
      <label for="${id}-field">${words.word('due_date')}</label>
      <input type="date" id="${id}-field" name="due_date" value="${task.due_date ?? ''}" aria-describedby="${id}-hint">
      <p class="hint" id="${id}-hint">${words.word('due_hint')}</p>
      <button class="small">${words.word('save')}</button></form>`,
  )
}

/** The options of a select of loops, the one that a task is in among them. */
export const loopOptions = (
  { loops, words }: Pick<TaskForms, 'loops' | 'words'>,
  now: LoopChoice | null,
): Html => {
  const known = now === null || loops.some(({ id }) => id === now.id) ? loops : [now, ...loops]
  return html`<option value="">${words.word('no_loop')}</option>${known.map(
    ({ id, name }) => html`<option value="${id}" ${id === now?.id ? 'selected' : ''}>${name}</option>`,
  )}`
}

/** A menu with a select of active loops: moves the task, and approves it in the same step where that can be done. */
export const loopMenu = (
  task: FormTask,
  forms: TaskForms,
  { loop, keys = false }: Readonly<{ loop: LoopChoice | null; keys?: boolean }>,
): Html => {
  const { words, loops, more_loops } = forms
  const id = `loop-of-${task.id}`
  const approves = nextStatuses(task, forms.may_approve).includes('approved')
  return propertyMenu(
    {
      id,
      label: words.word('loop'),
      now: loop?.name ?? words.word('into_loop'),
      key: keys ? '2' : undefined,
    },
    html`<form class="about" method="post" action="/tasks/${task.id}" id="${id}-form">${hiddenFields(task, forms)}
      <label for="${id}-field">${words.word('loop')}</label>
      <select id="${id}-field" name="loop_id">${loopOptions(forms, loop)}</select>
      ${more_loops ? html`<p class="hint">${words.say('some_loops', { count: String(loops.length) })}</p>` : ''}
      <div class="pair"><button class="small">${words.word('move')}</button>
      ${approves ? html`<button class="small second" name="status" value="approved">${words.word('move_and_approve')}</button>` : ''}</div></form>`,
  )
}

/** What somebody typed into a form that was refused, and the name of the comment that it writes. */
export type Typed = Readonly<{
  title?: string
  body?: string
  text?: string
  labels?: string
  once?: string
}>

const storedText = (
  task: FormTask,
  body: string,
  words: TaskWords,
): Html => html`<div class="note warn stored">
    <dl class="facts"><dt>${words.word('stored_title')}</dt><dd dir="auto">${task.title}</dd>
    <dt>${words.word('stored_body')}</dt><dd><pre dir="auto" tabindex="0">${body}</pre></dd></dl></div>`

/**
 * Title and body, to be edited.
 * @param how.typed shown instead of what is stored; with `conflict`, beside it.
 */
export const editForm = (
  task: FormTask & Readonly<{ body: string }>,
  forms: TaskForms,
  {
    keys = false,
    typed = {},
    conflict = false,
  }: Readonly<{ keys?: boolean; typed?: Typed; conflict?: boolean }> = {},
): Html => {
  const { words } = forms
  const id = `edit-${task.id}`
  const isTyped = typed.title !== undefined || typed.body !== undefined
  // HTML drops one line feed behind the opening tag.
  return html`<details class="edit" id="${id}" ${keyOf(keys ? 'e' : undefined, words.word('edit'))} ${isTyped ? 'open' : ''}>
    <summary id="${id}-summary">${words.word('edit')}${hint(keys ? 'e' : undefined)}</summary>
    <form method="post" action="/tasks/${task.id}" id="${id}-form">${hiddenFields(task, forms)}
      ${conflict && isTyped ? storedText(task, task.body, words) : ''}
      <div class="field"><label for="${id}-title">${words.word('title')}</label>
        <input id="${id}-title" name="title" dir="auto" required maxlength="${LIMITS.name_chars}" value="${typed.title ?? task.title}" autocomplete="off"></div>
      <div class="field"><label for="${id}-body">${words.word('body')}</label>
        <textarea id="${id}-body" name="body" dir="auto" aria-describedby="${id}-hint">
${typed.body ?? task.body}</textarea><p class="hint" id="${id}-hint">${words.word('body_hint')}</p></div>
      <button class="small">${words.word('save')}</button></form></details>`
}

/**
 * A comment.
 * @param how.once names this one comment: sent twice, it is written once.
 */
export const commentForm = (
  task: FormTask,
  forms: TaskForms,
  { once, keys = false, typed = {} }: Readonly<{ once: string; keys?: boolean; typed?: Typed }>,
): Html => {
  const { words } = forms
  const id = `comment-on-${task.id}`
  return html`<form class="comment-form" method="post" action="/tasks/${task.id}" id="${id}">${hiddenFields(task, forms)}
    <input type="hidden" name="once" value="${typed.once ?? once}">
    <label for="${id}-text">${words.word('comment')}${hint(keys ? 'c' : undefined)}</label>
    <textarea class="short" id="${id}-text" name="text" dir="auto" required ${keyOf(keys ? 'c' : undefined, words.word('comment'))} placeholder="${words.word('comment_hint')}">
${typed.text ?? ''}</textarea>
    <button class="small second">${words.word('send')}</button></form>`
}
