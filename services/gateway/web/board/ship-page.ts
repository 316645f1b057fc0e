// The page on which a loop is shipped. It shows first what that does, for it cannot be undone.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id, type TaskCounts, type TaskStatus } from '../../../../shared/contracts/define/common.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Loop } from '../../../../shared/contracts/loops-queue/shapes.ts'
import type { GatewayEnv } from '../../http/env.ts'
import type { Html, Sending } from '../layout.ts'
import { SHIP } from '../messages/ship.ts'
import { attempt, fieldsOf, formActionOf } from '../posted-forms.ts'
import { type Board, type BoardDeps, boardRoute, leaveBoard, showBoard } from './board.ts'
import { readerOf, versionOf } from './loop-page.ts'
import { type ShipFacts, type Some, shipBody } from './ship-view.ts'

/** Tasks that the page names of each status. */
const NAMED = 20

const UNFINISHED = ['in_progress', 'approved', 'on_hold', 'open'] as const satisfies readonly TaskStatus[]

const firstOf = async (
  { deps, call, workspace_id }: Board,
  loop_id: string,
  counts: TaskCounts,
  statuses: readonly TaskStatus[],
): Promise<Some> => {
  const pages = await Promise.all(
    statuses.map((status) =>
      deps.tasks.list_loop_tasks({ workspace_id, loop_id, status, limit: NAMED }, call()),
    ),
  )
  return {
    tasks: pages.flatMap(({ tasks }) => tasks).slice(0, NAMED),
    total: statuses.reduce((total, status) => total + counts[status], 0),
  }
}

const readShip = async (board: Board, loop: Loop, counts: TaskCounts): Promise<ShipFacts> => {
  const { deps, workspace_id } = board
  const [done, left, readers] = await Promise.all([
    firstOf(board, loop.id, counts, ['shipped']),
    firstOf(board, loop.id, counts, UNFINISHED),
    loop.member_ids === null
      ? deps.store.people.countMembers(workspace_id)
      : (loop.members_total ?? loop.member_ids.length),
  ])
  return { loop, done, left, readers }
}

const loopIdOf = ({ c }: Board): string => checkInput(Id, c.req.param('id'))

/** Shows what shipping would do; a loop that has shipped shows its own page. */
const showShip = async (
  board: Board,
  loop_id: string,
  note: Html | '' = '',
  sending: Sending = {},
): Promise<Response> => {
  if (!board.may_write)
    throw new AppError(
      'forbidden',
      'You can only view this workspace. Somebody who may change it can ship the loop.',
    )
  const { loop, task_counts } = await board.deps.loops.get_loop({ loop_id, tasks_limit: 1 }, board.call())
  if (loop.status === 'shipped') return leaveBoard(board, `/loops/${loop_id}`)
  const title = wordsOf(SHIP, board.language).say('title', { loop: loop.name })
  const body = shipBody(await readShip(board, loop, task_counts), readerOf(board), note)
  return showBoard(board, { title, place: 'queue', live: { loop_id }, body }, { ...sending, frames: true })
}

const ship = async (board: Board): Promise<Response> => {
  const { c, deps, call, language } = board
  const loop_id = loopIdOf(board)
  const form = await fieldsOf(c)
  const words = wordsOf(SHIP, language)
  const note = (sentence: string, isEnglish = false): Html =>
    html`<p class="note bad" role="alert" id="fault" ${isEnglish ? html`lang="en" dir="ltr"` : ''}>${sentence}</p>`
  if (form.get('confirm') !== 'true')
    return showShip(board, loop_id, note(words.word('not_confirmed')), { status: 400 })
  const done = await attempt(() => deps.loops.ship_loop({ loop_id, ...versionOf(form) }, call()))
  if (done.ok) {
    const message = words.say('shipped', { loop: done.value.loop.name })
    return leaveBoard(board, `/loops/${loop_id}`, { message })
  }
  const { fault } = done
  const isConflict = fault.error.code === 'version_conflict'
  const why = isConflict ? note(words.word('changed')) : note(fault.sentence, true)
  return showShip(board, loop_id, why, formActionOf(fault))
}

/** `/loops/:id/ship`. */
export const shipRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  routes.get(
    '/loops/:id/ship',
    boardRoute(board, (one) => showShip(one, loopIdOf(one))),
  )
  routes.post('/loops/:id/ship', boardRoute(board, ship))
}
