// What happened in the workspace, newest first: of all of it, of one loop or of one task.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import type { ShownActivity } from '../../../../shared/contracts/activity.ts'
import { CalendarDate, Id } from '../../../../shared/contracts/define/common.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { GatewayEnv } from '../../http/env.ts'
import type { Html } from '../layout.ts'
import { ACTIVITY_PAGE } from '../messages/activity-page.ts'
import { calendarDay } from '../moments.ts'
import { byDay } from './activity-rules.ts'
import { type ActivityReader, activityList } from './activity-view.ts'
import { type Board, type BoardDeps, boardRoute, showBoard } from './board.ts'

/** Entries of one page. */
const ROWS = 60
/** Loops that can be chosen. */
const LOOPS = 200

/** What of the activity somebody wants to see. What cannot be meant is left out. */
type Asked = Readonly<{
  task_id?: string | undefined
  loop_id?: string | undefined
  /** A calendar date where the reader is. */
  since?: string | undefined
  cursor?: string | undefined
}>

const askedOf = ({ c }: Board): Asked => {
  const { data: task_id } = Id.safeParse(c.req.query('task'))
  const { data: loop_id } = Id.safeParse(c.req.query('loop'))
  return {
    task_id,
    loop_id: task_id === undefined ? loop_id : undefined,
    since: CalendarDate.safeParse(c.req.query('since')).data,
    cursor: c.req.query('cursor'),
  }
}

/** The moment at which a day begins in a time zone. */
const startOf = (day: string, time_zone: string): string => {
  const guess = new Date(`${day}T00:00:00Z`)
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: time_zone, timeZoneName: 'longOffset' })
  const offset = parts.formatToParts(guess).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const [, sign, hours = '0', minutes = '0'] = /GMT([+-])(\d{2}):(\d{2})/.exec(offset) ?? []
  const ahead_min = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
  return new Date(guess.getTime() - ahead_min * 60_000).toISOString()
}

const addressOf = ({ task_id, loop_id, since }: Asked, cursor?: string): string => {
  const fields = { task: task_id, loop: loop_id, since, cursor }
  const given = Object.entries(fields).flatMap(([name, value]) => (value ? [[name, value]] : []))
  return `/activity?${new URLSearchParams(given)}`
}

type Page = Readonly<{ activity: readonly ShownActivity[]; next_cursor: string | null; gone: boolean }>

const read = async ({ deps, call, reading }: Board, { since, cursor, ...asked }: Asked): Promise<Page> => {
  const at = since === undefined ? {} : { since: startOf(since, reading.time_zone) }
  try {
    return {
      ...(await deps.loops.get_activity({ ...asked, ...at, limit: ROWS, cursor }, call())),
      gone: false,
    }
  } catch (error) {
    const isGone = error instanceof AppError && ['invalid_argument', 'not_found'].includes(error.code)
    if (isGone) return { activity: [], next_cursor: null, gone: true }
    throw error
  }
}

type Loops = readonly Readonly<{ id: string; name: string }>[]

const filters = (asked: Asked, loops: Loops, { language }: Board): Html => {
  const words = wordsOf(ACTIVITY_PAGE, language)
  if (asked.task_id !== undefined)
    return html`<p class="meta"><span>${words.word('of_task')}</span><a href="/activity">${words.word('all')}</a></p>`
  return html`<form method="get" action="/activity" class="row filters" id="filters">
      <div class="field"><label for="loop">${words.word('loop')}</label><select id="loop" name="loop">
        <option value="">${words.word('every_loop')}</option>
        ${loops.map(({ id, name }) => html`<option value="${id}" ${id === asked.loop_id ? 'selected' : ''}>${name}</option>`)}
      </select></div>
      <div class="field short"><label for="since">${words.word('from_day')}</label><input type="date" id="since" name="since" value="${asked.since ?? ''}"></div>
      <button class="second">${words.word('show')}</button></form>`
}

const days = (activity: readonly ShownActivity[], reader: ActivityReader): Html =>
  html`${[...byDay(activity, reader.reading)].map(
    ([day, entries]) =>
      html`<section class="day" id="day-${day}"><h2><time datetime="${day}">${calendarDay(day, reader.reading)}</time></h2>${activityList(entries, reader)}</section>`,
  )}`

const bodyOf = (board: Board, asked: Asked, page: Page, loops: Loops, reader: ActivityReader): Html => {
  const words = wordsOf(ACTIVITY_PAGE, board.language)
  const { activity, next_cursor, gone } = page
  const nothing = html`<div class="empty"><h2>${words.word('nothing')}</h2><p>${words.word('nothing_text')}</p>
      <p><a class="button" href="/triage">${words.word('to_triage')}</a></p></div>`
  return html`<div class="activity-page"><h1>${words.word('title')}</h1>
      ${filters(asked, loops, board)}
      ${gone ? html`<p class="note warn" role="status">${words.word('wrong')}</p>` : activity.length === 0 ? nothing : days(activity, reader)}
      <p class="pair">${asked.cursor === undefined && !gone ? '' : html`<a class="button small second" href="${addressOf(asked)}">${words.word('newest')}</a>`}
        ${next_cursor === null ? '' : html`<a class="button small" href="${addressOf(asked, next_cursor)}">${words.word('older')}</a>`}</p></div>`
}

const show = async (board: Board): Promise<Response> => {
  const { deps, call, language, reading, now } = board
  const asked = askedOf(board)
  const [page, { loops }] = await Promise.all([
    read(board, asked),
    deps.loops.list_loops({ limit: LOOPS }, call()),
  ])
  const names = new Map(loops.map(({ id, name }) => [id, name]))
  const reader = { language, reading, now, loopName: (id: string) => names.get(id) }
  return showBoard(
    board,
    {
      title: wordsOf(ACTIVITY_PAGE, language).word('title'),
      place: 'activity',
      // An earlier page stays as it is.
      ...(asked.cursor === undefined ? { live: 'workspace' as const } : {}),
      body: bodyOf(board, asked, page, loops, reader),
    },
    page.gone ? { status: 404 } : {},
  )
}

/** `/activity`. */
export const activityRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  routes.get('/activity', boardRoute(board, show))
}
