// The queue as a page shows it: each loop in a row, with how far it is and who works on it. Pure.
import { html } from 'hono/html'
import { fill, type Words } from '../../../../shared/contracts/define/wording.ts'
import type { LoopRow } from '../../../../shared/contracts/loops-queue/shapes.ts'
import type { Html } from '../layout.ts'
import type { QUEUE } from '../messages/queue.ts'
import { moment, type Reading } from '../moments.ts'
import { initials } from '../navigation.ts'
import { MOVES, type Move, type Progress, partsOf } from './queue-rules.ts'

export type QueueWords = Words<(typeof QUEUE)['en']>

/** Who works on a task of a loop. */
export type Holder = Readonly<{
  task_id: string
  title: string
  name: string
  client: string
  agent?: string | undefined
  since: string
}>

/** How far the work on a loop is, besides the counts by status. */
export type Work = Readonly<{
  ready: number
  blocked: number
  oldest_ready_at?: string | undefined
  holders: readonly Holder[]
  holders_total: number
}>

/** A loop of the queue. */
export type QueuedLoop = Readonly<{
  loop: LoopRow
  /** Undefined: the service that knows does not answer. */
  work: Work | undefined
  /** The names of the first members of a private loop, and how many more there are. */
  members?: Readonly<{ names: readonly string[]; more: number }> | undefined
}>

/** How the rows are shown, and to whom. */
export type Showing = Readonly<{
  words: QueueWords
  reading: Reading
  now: Date
  may_write: boolean
  /** Of the order; every move is based on it. */
  version: number
  page: number
}>

/** A count with a name in it. */
export const counted = (
  words: QueueWords,
  key: 'moved_up' | 'moved_down',
  count: number,
  name: string,
): string => fill(words.plural(key, count), { name }).join('')

const LOCK = html`<svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true"><path fill="none" stroke="currentColor" stroke-width="1.6" d="M5 7V5a3 3 0 0 1 6 0v2M3.500 7h9v6.500h-9z"/></svg>`
const GRIP = html`<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><g fill="currentColor"><circle cx="5.500" cy="3.500" r="1.300"/><circle cx="10.500" cy="3.500" r="1.300"/><circle cx="5.500" cy="8" r="1.300"/><circle cx="10.500" cy="8" r="1.300"/><circle cx="5.500" cy="12.500" r="1.300"/><circle cx="10.500" cy="12.500" r="1.300"/></g></svg>`
const DOTS = html`<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><g fill="currentColor"><circle cx="3" cy="8" r="1.500"/><circle cx="8" cy="8" r="1.500"/><circle cx="13" cy="8" r="1.500"/></g></svg>`

const progressOf = ({ loop: { task_counts }, work }: QueuedLoop): Progress => ({
  total: task_counts.total - task_counts.rejected,
  shipped: task_counts.shipped,
  in_progress: task_counts.in_progress,
  ready: work?.ready ?? 0,
  blocked: work?.blocked ?? 0,
})

const bar = (progress: Progress): Html =>
  html`<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">${partsOf(
    progress,
  ).map(
    ({ kind, from, width }) => html`<rect class="${kind}" x="${from}" width="${width}" height="6"></rect>`,
  )}</svg>`

/** How far it is, as a bar and in words; only what there is of it. */
const progressView = (queued: QueuedLoop, words: QueueWords): Html => {
  const progress = progressOf(queued)
  const { total, shipped } = progress
  if (total === 0) return html`<div class="far"><span class="none">${words.word('no_tasks')}</span></div>`
  const counts = (['in_progress', 'ready', 'blocked'] as const).filter((kind) => progress[kind] > 0)
  return html`<div class="far">${bar(progress)}<p><span>${words.say('done', { shipped: String(shipped), total: String(total) })}</span>${counts.map(
    (kind) => html` <span class="${kind}">${words.plural(kind, progress[kind])}</span>`,
  )}</p></div>`
}

const membersView = ({ members }: QueuedLoop, words: QueueWords): Html | '' => {
  if (!members || members.names.length === 0) return ''
  const more = members.more > 0 ? ` ${words.plural('more_members', members.more)}` : ''
  const said = `${words.say('members', { names: members.names.join(', ') })}${more}`
  return html`<span class="members" title="${said}"><span class="unseen">${said}</span>${members.names.map(
    (name) => html`<span class="avatar small" aria-hidden="true">${initials(name)}</span>`,
  )}${members.more > 0 ? html`<span class="avatar small" aria-hidden="true">+${members.more}</span>` : ''}</span>`
}

const holderView = (holder: Holder, { words, now, reading }: Showing): Html => {
  const { task_id, title, name, client, agent, since } = holder
  const who = words.say('works', { name, client: agent ?? client })
  return html`<li><span class="avatar small" aria-hidden="true">${initials(name)}</span>
        <a href="/tasks/${task_id}" draggable="false" title="${words.say('on_task', { title })}" dir="auto">${who}</a>
        ${moment(new Date(since), now, reading)}</li>`
}

const workView = ({ work }: QueuedLoop, showing: Showing): Html => {
  if (!work || work.holders.length === 0) return html`<div class="who"></div>`
  const more = work.holders_total - work.holders.length
  return html`<div class="who"><ul>${work.holders.map((holder) => holderView(holder, showing))}</ul>
      ${more > 0 ? html`<span>${showing.words.plural('more_work', more)}</span>` : ''}</div>`
}

/** Single keys of a row; Shift and J or K moves it, as J and K alone move between rows. */
const KEYS: Readonly<Record<Move, string>> = { up: 'Shift+K', down: 'Shift+J', top: 't', bottom: 'b' }

const keyOf = (key: string): Html =>
  html`<kbd class="only-script" aria-hidden="true">${key.replace('Shift+', '⇧').toUpperCase()}</kbd>`

/**
 * What may be done with a loop. The action of the forms that move it holds its id, and each the version of the order that the
 * person sees.
 */
const menuOf = ({ id, name, priority, version }: LoopRow, showing: Showing): Html => {
  const { words, page } = showing
  const seen = html`<input type="hidden" name="expected_version" value="${showing.version}">`
  return html`<details class="menu" name="menu" data-key="m" data-key-label="${words.word('open_menu')}">
      <summary aria-label="${words.say('actions', { name })}">${DOTS}</summary>
      <div class="items">
        <form method="post" action="/loops/${id}/move?page=${page}">${seen}
          ${MOVES.map(
            (move) =>
              html`<button class="item" name="move" value="${move}" data-key="${KEYS[move]}" data-key-label="${words.word(move)}">${words.word(move)}${keyOf(KEYS[move])}</button>`,
          )}</form>
        <form class="to" method="post" action="/loops/${id}/move?page=${page}">${seen}
          <label for="position-${id}">${words.word('position')}</label>
          <input id="position-${id}" name="position" type="number" min="0" max="999999" value="${priority ?? 0}" required autocomplete="off">
          <button class="small second">${words.word('go')}</button></form>
        <form method="post" action="/queue/hold?page=${page}">
          <input type="hidden" name="loop_id" value="${id}"><input type="hidden" name="expected_version" value="${version}">
          <button class="item" data-key="h" data-key-label="${words.word('hold')}">${words.word('hold')}${keyOf('h')}</button></form>
      </div></details>`
}

/** A loop of the queue in its row. */
export const loopRow = (queued: QueuedLoop, showing: Showing): Html => {
  const { loop, work } = queued
  const { words, may_write, now, reading } = showing
  const oldest = work?.oldest_ready_at
  return html`<li id="loop-${loop.id}" class="loop" data-row ${may_write ? html`data-drag="${loop.id}" draggable="true"` : ''}>
      ${may_write ? html`<span class="grip only-script">${GRIP}</span>` : ''}
      <div class="what"><a id="open-${loop.id}" href="/loops/${loop.id}" draggable="false" dir="auto">${loop.name}</a>
        <div class="meta">${loop.visibility === 'private' ? html`<span class="pill">${LOCK}${words.word('private')}</span>` : ''}
          ${membersView(queued, words)}
          ${oldest ? html`<span>${words.pieces('oldest_ready', { when: moment(new Date(oldest), now, reading) })}</span>` : ''}</div></div>
      ${workView(queued, showing)}
      ${progressView(queued, words)}
      ${may_write ? menuOf(loop, showing) : ''}</li>`
}

/** A loop that is not in the queue: on hold, or shipped. */
export const restRow = (loop: LoopRow, showing: Showing): Html => {
  const { words, now, reading, may_write, page } = showing
  const { id, name, status, shipped_at, updated_at, version, visibility } = loop
  const at = new Date(shipped_at ?? updated_at)
  return html`<li id="loop-${id}" class="loop rest" data-row>
      <div class="what"><a href="/loops/${id}" dir="auto">${name}</a>
        <div class="meta">${visibility === 'private' ? html`<span class="pill">${LOCK}${words.word('private')}</span>` : ''}${moment(at, now, reading)}</div></div>
      ${progressView({ loop, work: undefined }, words)}
      ${
        may_write && status === 'on_hold'
          ? html`<form method="post" action="/queue/reopen?page=${page}">
          <input type="hidden" name="loop_id" value="${id}"><input type="hidden" name="expected_version" value="${version}">
          <button class="small second" aria-label="${words.say('reopen_named', { name })}">${words.word('reopen')}</button></form>`
          : ''
      }</li>`
}
