// @ts-check
// The queue in a chat: the active loops in their order, each with its counts and the ways to move it.
import { connectHost } from './host.js'
import { say } from './messages.js'
import { adopt, button, element, keepingFocus, newsLine, number, quote } from './page.js'
import { answerIn, callTool, changeTeller, isOutdated, sayRefusal } from './tools.js'

/** @import { LoopRow } from '../../../../shared/contracts/loops-queue/shapes.ts' */
/** @import { ToolResult } from './host.js' */
/** @import { Message } from './messages/en.js' */

/**
 * A loop as lists have it: what is empty is left out.
 * @typedef {Partial<LoopRow> & Pick<LoopRow, 'id' | 'name' | 'version' | 'visibility' | 'task_counts'>} Row
 * @typedef {Readonly<{ id: string, title: string, status: Message }>} TaskRow
 */

const PAGE = 50
const TASKS = 20
const UP = 'M12 19V5M5 12l7-7 7 7'
const DOWN = 'M12 5v14M19 12l-7 7-7-7'
const DOTS = 'M5 12h.01M12 12h.01M19 12h.01'

/** @type {Row[]} */
let rows = []
/** @type {string | undefined} */
let next
let total = 0
/** The version of the order that is shown. @type {number | undefined} */
let version
/** The loops whose menu is open. @type {Set<string>} */
const menus = new Set()
/** The tasks of the loops that are open. @type {Map<string, { tasks: TaskRow[], total: number }>} */
const opened = new Map()
let busy = false
/** Grows with each reading, so that an answer that comes too late is dropped. */
let readings = 0

const news = newsLine()
const list = element('ol', { class: 'rows queue' })
const foot = element('div', { class: 'foot' })
const heading = element('h1')
const count = element('span', { class: 'count' })
const refresh = element('span', { class: 'show' })

const canCall = () => host.capabilities.serverTools !== undefined

/** Where the host calls no tools for apps, what it passed on is all there is. */
function showOnly(/** @type {ToolResult} */ result) {
  if (canCall() || result.isError) return
  const answer = answerIn(result)
  rows = answer.loops ?? []
  total = answer.total ?? rows.length
  draw()
}

/** Reads the queue from its beginning. */
async function load() {
  if (!canCall()) return news.wrong(say('only_show'))
  readings += 1
  const own = readings
  try {
    const answer = await callTool(host, 'get_loop_queue', { limit: PAGE })
    if (own !== readings) return
    rows = answer.loops
    next = answer.next_cursor ?? undefined
    total = answer.total
    version = answer.version
    draw()
  } catch (fault) {
    sayRefusal(host, news, fault)
  }
}

async function loadMore() {
  const own = readings
  try {
    const answer = await callTool(host, 'get_loop_queue', { limit: PAGE, cursor: next })
    if (own !== readings) return
    // Moved meanwhile: what is shown would be of two orders.
    if (answer.version !== version) return await load()
    rows = [...rows, ...answer.loops]
    next = answer.next_cursor ?? undefined
    draw()
  } catch (fault) {
    sayRefusal(host, news, fault)
  }
}

/** Does one thing at a time; what is refused because something changed is read anew. */
async function doing(/** @type {() => Promise<void>} */ act) {
  if (busy) return
  busy = true
  draw()
  try {
    await act()
  } catch (fault) {
    sayRefusal(host, news, fault)
    if (isOutdated(fault)) await load()
  } finally {
    busy = false
    draw()
  }
}

/** Moves a loop in the order that is shown. @returns where it was, and the version that this made */
async function place(/** @type {Row} */ row, /** @type {number} */ position) {
  const from = rows.findIndex(({ id }) => id === row.id)
  const shown = version
  const answer = await callTool(host, 'set_loop_priority', {
    loop_id: row.id,
    priority: position,
    expected_version: version,
  })
  readings += 1
  change(`moved loop ${row.id} to position ${answer.priority} of the queue`)
  version = answer.version
  const others = rows.filter(({ id }) => id !== row.id)
  // What is there already is no conflict, however the rest has moved.
  if (answer.version_before !== shown || answer.priority > others.length) await load()
  else rows = [...others.slice(0, answer.priority), row, ...others.slice(answer.priority)]
  return { from, to: Number(answer.priority) }
}

const move = (/** @type {Row} */ row, /** @type {number} */ position) =>
  doing(async () => {
    const { from, to } = await place(row, Math.max(0, position))
    const undo = () =>
      doing(async () => {
        await place(row, from)
        news.done(say('undone'))
      })
    news.done(say('did_move', { name: row.name, position: number(to + 1) }), from === to ? undefined : undo)
  })

const holdLoop = (/** @type {Row} */ row) =>
  doing(async () => {
    const held = await callTool(host, 'close_loop', { loop_id: row.id, expected_version: row.version })
    change(`put loop ${row.id} on hold`)
    const undo = () =>
      doing(async () => {
        await callTool(host, 'reopen_loop', { loop_id: row.id, expected_version: held.loop.version })
        change(`reopened loop ${row.id}`)
        news.done(say('undone'))
        await load()
      })
    news.done(say('did_hold_loop', { name: row.name }), undo)
    await load()
  })

/** Shows or hides the tasks of a loop. */
async function toggleTasks(/** @type {Row} */ { id }) {
  if (opened.delete(id)) return draw()
  try {
    const { tasks, tasks_total } = await callTool(host, 'get_loop', { loop_id: id, tasks_limit: TASKS })
    opened.set(id, { tasks, total: tasks_total })
  } catch (fault) {
    sayRefusal(host, news, fault)
  }
  draw()
}

const reload = () => {
  news.clear()
  opened.clear()
  return load()
}

function draw() {
  keepingFocus(() => {
    document.title = say('queue')
    heading.textContent = say('queue')
    count.textContent = say('total', { count: number(total) })
    refresh.replaceChildren(button({ text: say('refresh'), class: 'plain', key: 'refresh' }, reload))
    list.replaceChildren(...rows.map(rowOf))
    const more = button({ text: say('more'), class: 'second', key: 'more' }, loadMore)
    foot.replaceChildren(
      ...(next ? [more] : []),
      ...(rows.length === 0 && version !== undefined
        ? [element('p', { class: 'empty' }, say('no_loops'))]
        : []),
    )
  })
}

const rowOf = (/** @type {Row} */ row, /** @type {number} */ index) => {
  const { id, name, visibility, task_counts: counts } = row
  const filled = Object.fromEntries(Object.entries(counts).map(([status, of]) => [status, number(of)]))
  return element(
    'li',
    { class: 'loop' },
    element('span', { class: 'position' }, number(index + 1)),
    element(
      'div',
      { class: 'what' },
      element(
        'h2',
        {},
        quote(name),
        ...(visibility === 'private' ? [' ', element('span', { class: 'tag' }, say('private'))] : []),
      ),
      progress(counts),
      element('p', { class: 'sub' }, counts.total === 0 ? say('no_tasks') : say('counts', filled)),
    ),
    ...(canCall() ? [buttonsOf(row, index)] : []),
    ...(menus.has(id) && canCall() ? [menuOf(row, index)] : []),
    ...(opened.has(id) ? [tasksOf(id)] : []),
  )
}

/** How much of a loop is shipped and in progress. The counts beside it say the same in words. */
const progress = (/** @type {Row['task_counts']} */ { total: all, shipped, in_progress }) => {
  const bar = element('div', { class: 'progress', 'aria-hidden': 'true' })
  const part = (/** @type {number} */ of, /** @type {string} */ kind) => {
    const made = element('span', { class: kind })
    made.style.inlineSize = `${all === 0 ? 0 : (100 * of) / all}%`
    return made
  }
  bar.append(part(shipped, 'shipped'), part(in_progress, 'working'))
  return bar
}

const buttonsOf = (/** @type {Row} */ row, /** @type {number} */ index) => {
  const { id, name } = row
  const isOpen = menus.has(id)
  const toggle = () => {
    if (!menus.delete(id)) menus.add(id)
    draw()
  }
  return element(
    'div',
    { class: 'moves' },
    button(
      { icon: UP, label: say('up', { name }), class: 'icon', key: `up ${id}`, enabled: !busy && index > 0 },
      () => move(row, index - 1),
    ),
    button(
      {
        icon: DOWN,
        label: say('down', { name }),
        class: 'icon',
        key: `down ${id}`,
        enabled: !busy && index < total - 1,
      },
      () => move(row, index + 1),
    ),
    button(
      { icon: DOTS, label: say('menu', { name }), class: 'icon', key: `menu ${id}`, expanded: isOpen },
      toggle,
    ),
  )
}

const menuOf = (/** @type {Row} */ row, /** @type {number} */ index) => {
  const { id } = row
  const input = element('input', {
    type: 'number',
    id: `position-${id}`,
    min: 1,
    max: total,
    value: index + 1,
    'data-key': `position ${id}`,
  })
  const go = () => {
    if (input.value !== '') move(row, Math.min(Math.trunc(input.valueAsNumber), total) - 1)
  }
  input.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter') go()
  })
  const position = element(
    'div',
    { class: 'field' },
    element('label', { for: input.id }, say('position')),
    input,
    button({ text: say('move'), class: 'second', key: `move ${id}`, enabled: !busy }, go),
  )
  const act = (/** @type {Message} */ text, /** @type {() => unknown} */ does, enabled = true) =>
    button({ text: say(text), class: 'second', key: `${text} ${id}`, enabled: enabled && !busy }, does)
  return element(
    'div',
    { class: 'menu' },
    act('top', () => move(row, 0), index > 0),
    act('bottom', () => move(row, total - 1), index < total - 1),
    position,
    act(opened.has(id) ? 'hide_tasks' : 'show_tasks', () => toggleTasks(row)),
    act('hold_loop', () => holdLoop(row)),
  )
}

const tasksOf = (/** @type {string} */ id) => {
  const { tasks, total: all } = opened.get(id) ?? { tasks: [], total: 0 }
  return element(
    'div',
    { class: 'inside' },
    tasks.length === 0 ? element('p', { class: 'sub' }, say('no_tasks')) : undefined,
    element(
      'ul',
      {},
      ...tasks.map(({ title, status }) =>
        element('li', {}, element('span', { class: `tag ${status}` }, say(status)), ' ', quote(title)),
      ),
    ),
    all > tasks.length
      ? element('p', { class: 'sub' }, say('more_tasks', { count: number(all - tasks.length) }))
      : undefined,
  )
}

let isReady = false
/** What came before the page stood. @type {ToolResult | undefined} */
let early

const host = await connectHost('loops-queue', {
  onContext: (context) => {
    adopt(context)
    if (isReady) draw()
  },
  onToolInput: () => undefined,
  onToolResult: (result) => {
    early = result
    if (isReady) showOnly(result)
  },
})
const change = changeTeller(host)
isReady = true
document
  .querySelector('#app')
  ?.replaceChildren(element('header', {}, heading, count, refresh), news.node, list, foot)
draw()
load()
if (early) showOnly(early)
