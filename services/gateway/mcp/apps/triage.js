// @ts-check
// Triage in a chat: the tasks of one status, newest first, one of them open. Each decision brings the next one.
import { connectHost } from './host.js'
import { say } from './messages.js'
import { adopt, button, element, keepingFocus, newsLine, number, richText } from './page.js'
import {
  canBeApproved,
  commentHead,
  DECISIONS,
  decisionButtons,
  placing,
  taskFacts,
  taskLine,
} from './tasks.js'
import { answerIn, callTool, changeTeller, isOutdated, sayRefusal } from './tools.js'

/** @import { ToolResult } from './host.js' */
/** @import { Decision, LoopName, Picks, Row, Whole } from './tasks.js' */

const PAGE = 50
const LOOPS = 200
/** How many tasks bulk_update_tasks takes. */
const MANY = 100
/** @type {readonly Row['status'][]} */
const STATUSES = ['open', 'approved', 'in_progress', 'on_hold', 'shipped', 'rejected']

/** What the list shows: as the tool was asked, or all open tasks. @type {Record<string, any>} */
let filter = { status: 'open', scope: 'all' }
/** @type {Row[]} */
let rows = []
/** @type {string | undefined} */
let next
let total = 0
/** @type {LoopName[]} */
let loops = []
/** @type {string | undefined} */
let chosen
/** The chosen task whole, once it has come. Only what was shown can be decided on. @type {Whole | undefined} */
let whole
/** The loop and priority that were picked for the chosen task and are not saved yet. @type {Picks} */
let picks = {}
/** @type {Set<string>} */
const ticked = new Set()
let busy = false
/** Grows with each reading, so that an answer that comes too late is dropped. */
let readings = 0

const news = newsLine()
const list = element('ul', { class: 'rows' })
const listFoot = element('div', { class: 'foot' })
const bulk = element('div', { class: 'bulk' })
const details = element('section', { class: 'details' })
const choice = element('select', { id: 'show', 'data-key': 'show' })
const refresh = element('span')
const heading = element('h1')
const count = element('span', { class: 'count' })

const canCall = () => host.capabilities.serverTools !== undefined

/** Where the host calls no tools for apps, what it passed on is all there is. */
function showOnly(/** @type {ToolResult} */ result) {
  if (canCall() || result.isError) return
  const answer = answerIn(result)
  rows = answer.tasks ?? []
  total = answer.total ?? rows.length
  choose(rows[0]?.id)
}

function build() {
  choice.addEventListener('change', () => {
    filter = { ...filter, status: choice.value || undefined }
    news.clear()
    load()
  })
  list.addEventListener('keydown', onKey)
  const head = element(
    'header',
    {},
    heading,
    count,
    element('span', { class: 'field show' }, element('label', { for: 'show' }), choice),
    refresh,
  )
  const columns = element(
    'div',
    { class: 'columns' },
    element('div', { class: 'list' }, bulk, list, listFoot),
    details,
  )
  document.querySelector('#app')?.replaceChildren(head, news.node, columns)
  draw()
}

/** Reads the list, and chooses the task that was chosen or the first. */
async function load() {
  if (!canCall()) return news.wrong(say('only_show'))
  readings += 1
  const own = readings
  try {
    const answer = await callTool(host, 'list_tasks', { ...filter, limit: PAGE })
    if (own !== readings) return
    rows = answer.tasks
    next = answer.next_cursor ?? undefined
    total = answer.total
    for (const id of ticked) if (!rows.some((row) => row.id === id)) ticked.delete(id)
    await choose(rows.some(({ id }) => id === chosen) ? chosen : rows[0]?.id)
  } catch (fault) {
    sayRefusal(host, news, fault)
  }
}

async function loadMore() {
  const own = readings
  try {
    const answer = await callTool(host, 'list_tasks', { ...filter, limit: PAGE, cursor: next })
    if (own !== readings) return
    const known = new Set(rows.map(({ id }) => id))
    rows = [...rows, ...answer.tasks.filter((/** @type {Row} */ { id }) => !known.has(id))]
    next = answer.next_cursor ?? undefined
    draw()
  } catch (fault) {
    sayRefusal(host, news, fault)
  }
}

async function loadLoops() {
  if (!canCall()) return
  try {
    loops = (await callTool(host, 'get_loop_queue', { limit: LOOPS })).loops
    draw()
  } catch {
    // The list of loops is a help; without it the tasks can be decided on all the same.
  }
}

/** Opens a task: reads it whole. */
async function choose(/** @type {string | undefined} */ id) {
  if (id !== chosen) picks = {}
  chosen = id
  whole = undefined
  draw()
  if (id === undefined || !canCall()) return
  try {
    const answer = await callTool(host, 'get_task', { task_id: id })
    if (chosen !== id) return
    whole = answer
    rows = rows.map((row) => (row.id === id ? { ...row, ...answer.task } : row))
    draw()
  } catch (fault) {
    if (chosen === id) sayRefusal(host, news, fault)
  }
}

/** Does one thing at a time; what is refused because something changed is read anew. */
async function doing(/** @type {() => Promise<void>} */ act, approving = false) {
  if (busy) return
  busy = true
  draw()
  try {
    await act()
  } catch (fault) {
    sayRefusal(host, news, fault, { approving })
    if (isOutdated(fault)) await load()
  } finally {
    busy = false
    draw()
  }
}

/** What was picked for the open task and is not what it has. */
const picked = () =>
  Object.fromEntries(
    Object.entries(picks).filter(
      ([name, value]) => value !== whole?.task[/** @type {keyof typeof picks} */ (name)],
    ),
  )

/** Changes the open task as it was shown, and offers the way back. */
async function update(/** @type {Record<string, unknown>} */ changes) {
  if (!whole) return
  const { task } = whole
  const { id, title, status, loop_id, priority } = task
  await doing(async () => {
    const answer = await callTool(host, 'update_task', {
      task_id: id,
      ...changes,
      expected_version: task.version,
    })
    const { version } = answer.task
    picks = {}
    const before = Object.fromEntries(
      Object.entries({ status, loop_id, priority }).filter(([name]) => name in changes),
    )
    const to = /** @type {'approved' | 'rejected' | 'on_hold' | 'open' | undefined} */ (changes.status)
    const undo = () =>
      doing(async () => {
        await callTool(host, 'update_task', { task_id: id, ...before, expected_version: version })
        change(`undid that change of task ${id}`)
        news.done(say('undone'))
        chosen = id
        await load()
      }, before.status === 'approved')
    change(`set task ${id} to ${Object.values(changes).join(', ')}`)
    news.done(say(to ? `did_${to}` : 'did_save', { title }), undo)
    await afterChange(id, answer.task)
  }, changes.status === 'approved')
}

/** Takes a task out of the list if it no longer belongs there, and opens the next one. */
async function afterChange(/** @type {string} */ id, /** @type {Row} */ task) {
  readings += 1
  if (filter.status === undefined || filter.status === task.status) {
    rows = rows.map((row) => (row.id === id ? { ...row, ...task } : row))
    return await choose(id)
  }
  const index = rows.findIndex((row) => row.id === id)
  rows = rows.filter((row) => row.id !== id)
  total = Math.max(0, total - 1)
  ticked.delete(id)
  if (rows.length === 0 && next) return await load()
  await choose(rows[Math.min(index, rows.length - 1)]?.id)
}

/** Approves every task that is ticked, at the version that the list shows. */
async function approveMany() {
  await doing(async () => {
    const tasks = rows.filter(({ id }) => ticked.has(id)).slice(0, MANY)
    const { updated, unchanged, failed } = await callTool(host, 'bulk_update_tasks', {
      task_ids: tasks.map(({ id }) => id),
      status: 'approved',
      expected_versions: tasks.map(({ version }) => version),
    })
    for (const { id } of tasks) ticked.delete(id)
    change(`approved ${updated} tasks at once`)
    news.done(say('did_many', { count: number(updated + unchanged), failed: number(failed) }))
    await load()
  }, true)
}

/** Keys that work while the focus is in the list. */
function onKey(/** @type {KeyboardEvent} */ event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const steps = /** @type {Record<string, number>} */ ({ ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 })
  const step = steps[event.key]
  const index = rows.findIndex(({ id }) => id === chosen)
  if (step !== undefined) {
    event.preventDefault()
    const to = rows[Math.min(Math.max(index + step, 0), rows.length - 1)]
    if (to && to.id !== chosen) choose(to.id).then(() => undefined)
    return focusRow()
  }
  const decision = DECISIONS.find(({ key }) => key === event.key)
  if (!decision || busy || !whole || !decision.from.includes(whole.task.status)) return
  event.preventDefault()
  decide(decision).then(focusRow)
}

const focusRow = () => {
  const row = list.querySelector('[aria-current]')
  if (row instanceof HTMLElement) row.focus()
}

const decide = (/** @type {Decision} */ { to }) => update({ status: to, ...picked() })

function draw() {
  keepingFocus(() => {
    document.title = say('triage')
    heading.textContent = say('triage')
    count.textContent = say('total', { count: number(total) })
    document.querySelector('label[for=show]')?.replaceChildren(say('show'))
    refresh.replaceChildren(button({ text: say('refresh'), class: 'plain', key: 'refresh' }, reload))
    choice.replaceChildren(
      element('option', { value: '', selected: filter.status === undefined }, say('all')),
      ...STATUSES.map((name) =>
        element('option', { value: name, selected: filter.status === name }, say(name)),
      ),
    )
    drawList()
    drawDetails()
  })
}

const reload = () => {
  news.clear()
  return load()
}

function drawList() {
  list.replaceChildren(...rows.map(lineOf))
  const more = button({ text: say('more'), class: 'second', key: 'more' }, loadMore)
  const nothing = filter.status === 'open' ? say('nothing_open') : say('nothing')
  listFoot.replaceChildren(
    ...(next ? [more] : []),
    ...(rows.length === 0 && readings > 0 ? [element('p', { class: 'empty' }, nothing)] : []),
  )
  drawBulk()
}

/** Approving many: of what can be approved. */
function drawBulk() {
  const able = rows.filter(canBeApproved).slice(0, MANY)
  if (able.length < 2 || !canCall()) return bulk.replaceChildren()
  const all = element('input', { type: 'checkbox', id: 'all', 'data-key': 'all' })
  all.checked = able.every(({ id }) => ticked.has(id))
  all.addEventListener('change', () => {
    for (const { id } of able) all.checked ? ticked.add(id) : ticked.delete(id)
    draw()
  })
  const label = element('label', { for: 'all' }, all, say('select_all'))
  const text = say('approve_many', { count: number(ticked.size) })
  const approve = button(
    { text, class: 'second', key: 'approve-many', enabled: !busy && ticked.size > 0 },
    approveMany,
  )
  bulk.replaceChildren(label, approve)
}

const lineOf = (/** @type {Row} */ row) => {
  const onTick = (/** @type {boolean} */ on) => {
    if (on) ticked.add(row.id)
    else ticked.delete(row.id)
    draw()
  }
  return taskLine(row, {
    loop: loops.find(({ id }) => id === row.loop_id),
    hasStatus: filter.status === undefined,
    isChosen: row.id === chosen,
    isTicked: ticked.has(row.id),
    ...(canCall() ? { onTick } : {}),
    onChoose: () => choose(row.id),
  })
}

/** The open task: what can be done with it, then what it says. */
function drawDetails() {
  const row = rows.find(({ id }) => id === chosen)
  details.setAttribute('aria-busy', String(row !== undefined && !whole && canCall()))
  if (!row) return details.replaceChildren()
  const title = element('h2', { dir: 'auto' }, row.title)
  const actions = decisionButtons(row.status, whole !== undefined && !busy, decide)
  if (!whole) {
    const waiting = element('p', { class: 'muted' }, say('loading'))
    return details.replaceChildren(...(canCall() ? [actions, title, waiting] : [title]))
  }
  const { task, comments } = whole
  details.replaceChildren(
    actions,
    placing(whole, {
      loops,
      picks,
      enabled: !busy,
      onPick: (pick) => {
        picks = { ...picks, ...pick }
      },
      onSave: () => {
        const changes = picked()
        if (Object.keys(changes).length > 0) update(changes)
      },
    }),
    title,
    taskFacts(task),
    task.body.trim() === '' ? element('p', { class: 'muted' }, say('no_body')) : richText(task.body),
    ...(comments.length === 0 ? [] : [element('h3', {}, say('comments'))]),
    ...comments.map((comment) => element('article', {}, commentHead(comment), richText(comment.text))),
  )
}

let isReady = false
/** What came before the page stood. @type {ToolResult | undefined} */
let early

const host = await connectHost('loops-triage', {
  onContext: (context) => {
    adopt(context)
    if (isReady) draw()
  },
  onToolInput: ({ status, priority, label, scope, loop_id }) => {
    filter = {
      status: status ?? 'open',
      priority,
      label,
      loop_id,
      scope: loop_id ? undefined : (scope ?? 'all'),
    }
    if (isReady) load()
  },
  onToolResult: (result) => {
    early = result
    if (isReady) showOnly(result)
  },
})
const change = changeTeller(host)
isReady = true
build()
load()
loadLoops()
if (early) showOnly(early)
