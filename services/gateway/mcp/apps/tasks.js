// @ts-check
// How triage shows a task: its line in the list, what it says, what can be done with it. Keeps nothing and calls nothing.
import { say } from './messages.js'
import { ago, button, element, onDate, quote } from './page.js'

/** @import { Comment, Task, TaskRow } from '../../../../shared/contracts/tasks/shapes.ts' */

/**
 * @typedef {TaskRow['status']} Status
 * @typedef {TaskRow['priority']} Priority
 */
/**
 * A task as lists of tools have it: what is empty is left out.
 * @typedef {Partial<TaskRow> & Pick<TaskRow, 'id' | 'title' | 'status' | 'priority' | 'version' | 'author' | 'created_at'>} Row
 */
/**
 * @typedef {Readonly<{ id: string, name: string }>} LoopName
 * @typedef {Readonly<{ task: Task, loop?: { name: string } | null, comments: readonly Comment[] }>} Whole
 * @typedef {Readonly<{ loop_id?: string | null, priority?: Priority }>} Picks
 */

/** @type {readonly Priority[]} */
const PRIORITIES = ['urgent', 'high', 'medium', 'low', 'none']

/**
 * What people decide: the status that it leads to, those that it can follow, its key in the list.
 * @typedef {Readonly<{ name: 'approve' | 'reject' | 'hold' | 'reopen', to: 'approved' | 'rejected' | 'on_hold' | 'open', from: readonly Status[], key: string }>} Decision
 */
/** @type {readonly Decision[]} */
export const DECISIONS = [
  { name: 'approve', to: 'approved', from: ['open', 'on_hold', 'shipped', 'rejected'], key: '1' },
  { name: 'reject', to: 'rejected', from: ['open', 'approved', 'in_progress', 'on_hold'], key: '3' },
  { name: 'hold', to: 'on_hold', from: ['open', 'approved', 'in_progress'], key: 'h' },
  { name: 'reopen', to: 'open', from: ['approved', 'on_hold', 'shipped', 'rejected'], key: 'o' },
]

/** Whether a task can be approved as it is. */
export const canBeApproved = (/** @type {Row} */ { status }) =>
  DECISIONS.some(({ name, from }) => name === 'approve' && from.includes(status))

const tag = (/** @type {string} */ text, kind = '') => element('span', { class: `tag ${kind}` }, text)

/** What the line of a task says below its title. */
const lineFacts = (
  /** @type {Row} */ row,
  /** @type {LoopName | undefined} */ loop,
  /** @type {boolean} */ hasStatus,
) => [
  ...(hasStatus ? [tag(say(row.status), row.status)] : []),
  ...(row.priority === 'none' ? [] : [tag(say(row.priority), row.priority)]),
  ...(row.question_id ? [tag(say('question'), 'question')] : []),
  ...(row.open_blockers ? [tag(say('waits', { count: row.open_blockers }))] : []),
  ...(loop ? [quote(loop.name)] : []),
  quote(row.author.name),
  ago(row.created_at),
]

/**
 * A line of the list, with a box to tick where `onTick` is given.
 * @param {Row} row
 * @param {{ loop: LoopName | undefined, hasStatus: boolean, isChosen: boolean, isTicked: boolean, onTick?: (on: boolean) => void, onChoose: () => void }} given
 */
export const taskLine = (row, { loop, hasStatus, isChosen, isTicked, onTick, onChoose }) => {
  const tick = element('input', {
    type: 'checkbox',
    'aria-label': say('select', { title: row.title }),
    'data-key': `tick ${row.id}`,
  })
  tick.checked = isTicked
  tick.addEventListener('change', () => onTick?.(tick.checked))
  const line = element(
    'button',
    {
      type: 'button',
      class: 'row',
      'data-key': `row ${row.id}`,
      'aria-current': isChosen ? 'true' : undefined,
    },
    quote(row.title, 'title'),
    element('span', { class: 'sub' }, ...lineFacts(row, loop, hasStatus)),
  )
  line.addEventListener('click', onChoose)
  return element('li', {}, onTick ? tick : undefined, line)
}

/** The buttons of what can be decided on a task. */
export const decisionButtons = (
  /** @type {Status} */ status,
  /** @type {boolean} */ enabled,
  /** @type {(decision: Decision) => unknown} */ decide,
) =>
  element(
    'div',
    { class: 'actions', role: 'group', 'aria-label': say('status') },
    ...DECISIONS.filter(({ from }) => from.includes(status)).map((decision) => {
      const { name, key } = decision
      const kind = name === 'approve' ? undefined : 'second'
      return button({ text: say(name), class: kind, key: name, keys: key, enabled }, () => decide(decision))
    }),
  )

/** A choice with its label. */
const field = (
  /** @type {'loop' | 'priority'} */ id,
  /** @type {string | null} */ value,
  /** @type {readonly (readonly [string, string])[]} */ options,
) => {
  const made = element(
    'select',
    { id, 'data-key': id },
    ...options.map(([name, text]) => element('option', { value: name }, text)),
  )
  made.value = value ?? ''
  return element('span', { class: 'field' }, element('label', { for: id }, say(id)), made)
}

/**
 * Loop and priority: saved by themselves, or together with the decision. It is no form, since a frame without the right to
 * submit forms gets no event from one.
 * @param {Whole} whole
 * @param {{ loops: readonly LoopName[], picks: Picks, enabled: boolean, onPick: (picks: Picks) => void, onSave: () => void }} given
 */
export const placing = ({ task, loop }, { loops, picks, enabled, onPick, onSave }) => {
  const own = task.loop_id && loop ? [{ id: task.loop_id, name: loop.name }] : []
  const names = [...own.filter(({ id }) => loops.every((one) => one.id !== id)), ...loops]
  const made = element(
    'div',
    { class: 'placing' },
    field('loop', picks.loop_id === undefined ? task.loop_id : picks.loop_id, [
      ['', say('no_loop')],
      ...names.map(({ id, name }) => /** @type {const} */ ([id, name])),
    ]),
    field(
      'priority',
      picks.priority ?? task.priority,
      PRIORITIES.map((name) => [name, say(name)]),
    ),
    button({ text: say('save'), class: 'second', key: 'save', enabled }, onSave),
  )
  made.addEventListener('change', ({ target }) => {
    if (!(target instanceof HTMLSelectElement)) return
    if (target.id === 'loop') onPick({ loop_id: target.value || null })
    else onPick({ priority: /** @type {Priority} */ (target.value) })
  })
  return made
}

/** Who filed a task and when, its status, its date, its labels. */
export const taskFacts = (/** @type {Task} */ task) => {
  const { name, client } = task.author
  const pairs = /** @type {[string, Node | string][]} */ ([
    [say('author'), element('span', {}, say('with', { name, client }), ' · ', ago(task.created_at))],
    [say('status'), say(task.status)],
    ...(task.due_date ? [[say('due'), onDate(task.due_date)]] : []),
    ...(task.labels?.length ? [[say('labels'), quote(task.labels.join(', '))]] : []),
  ])
  return element(
    'dl',
    {},
    ...pairs.flatMap(([term, value]) => [element('dt', {}, term), element('dd', {}, value)]),
  )
}

/** Who wrote a comment, and when. A person whom the answer named before has no client here. */
export const commentHead = (/** @type {Comment} */ { author, created_at, kind }) => {
  const { name, client } = author
  return element(
    'p',
    { class: 'sub' },
    ...(kind === 'question' ? [tag(say('question'), 'question'), ' '] : []),
    client ? say('with', { name, client }) : quote(name),
    ' · ',
    ago(created_at),
  )
}
