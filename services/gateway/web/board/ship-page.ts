// The page on which a loop is shipped. It shows first what that does, for it cannot be undone.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id } from '../../../../shared/contracts/define/common.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Loop } from '../../../../shared/contracts/loops-queue/shapes.ts'
import type { GatewayEnv } from '../../http/env.ts'
import type { Html, Sending } from '../layout.ts'
import { SHIP } from '../messages/ship.ts'
import { attempt, formActionOf } from '../posted-forms.ts'
import { type Board, type BoardDeps, boardRoute, formOf, ifAnswered, leaveBoard, showBoard } from './board.ts'
import { readerOf, versionOf } from './loop-page.ts'
import { type ShipFacts, shipBody } from './ship-view.ts'

/** Tasks that are named: of those shipped, and of those unfinished. */
const NAMED = 20

/** Of the mail alone: it consists of inline styles, is shown only in our own page, and can do nothing. */
const MAIL_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'; sandbox"

/** What a loop would ship with, and the mail about it as the reader would get it. */
const readReport = async (board: Board, loop: Loop) => {
  const { deps, call, workspace_id, signedIn, reading } = board
  const summary = await deps.tasks.summarize_loop({ workspace_id, loop_id: loop.id, limit: NAMED }, call())
  const { id, name, description, visibility } = loop
  const mail = await ifAnswered(() =>
    deps.notifier.preview_ship_mail(
      {
        loop: { id, name, description, visibility },
        summary,
        workspace_name: signedIn.membership.workspace_name,
        locale: signedIn.person.locale,
        time_zone: reading.time_zone,
      },
      call(),
    ),
  )
  return { summary, mail }
}

const readShip = async (board: Board, loop: Loop): Promise<ShipFacts> => {
  const [{ summary, mail }, readers] = await Promise.all([
    readReport(board, loop),
    loop.member_ids === null
      ? board.deps.store.people.countMembers(board.workspace_id)
      : (loop.members_total ?? loop.member_ids.length),
  ])
  return {
    loop,
    done: { tasks: summary.shipped, total: summary.counts.shipped },
    left: { tasks: summary.unfinished, total: summary.unfinished_total },
    readers,
    mail: mail ?? undefined,
  }
}

const loopIdOf = ({ c }: Board): string => checkInput(Id, c.req.param('id'))

/** @throws AppError `forbidden` for who may not ship it, `not_found` for who does not see it. */
const loopToShip = async (board: Board, loop_id: string): Promise<Loop> => {
  if (!board.may_write)
    throw new AppError(
      'forbidden',
      'You can only view this workspace. Somebody who may change it can ship the loop.',
    )
  return (await board.deps.loops.get_loop({ loop_id, tasks_limit: 1 }, board.call())).loop
}

/** Sends the mail alone, for the frame of the page. */
const showMail = async (board: Board): Promise<Response> => {
  const { mail } = await readReport(board, await loopToShip(board, loopIdOf(board)))
  if (!mail) throw new AppError('unavailable', 'The email cannot be shown right now.')
  return board.c.html(mail.html, 200, {
    'Content-Security-Policy': MAIL_POLICY,
    'X-Frame-Options': 'SAMEORIGIN',
    'Cache-Control': 'no-store',
    // Sites that a mail links to must not learn the address of the page.
    'Referrer-Policy': 'no-referrer',
  })
}

/** Shows what shipping would do; a loop that has shipped shows its own page. */
const showShip = async (
  board: Board,
  loop_id: string,
  note: Html | '' = '',
  sending: Sending = {},
): Promise<Response> => {
  const loop = await loopToShip(board, loop_id)
  if (loop.status === 'shipped') return leaveBoard(board, `/loops/${loop_id}`)
  const title = wordsOf(SHIP, board.language).say('title', { loop: loop.name })
  const body = shipBody(await readShip(board, loop), readerOf(board), note)
  return showBoard(board, { title, place: 'queue', live: { loop_id }, body }, sending)
}

const ship = async (board: Board): Promise<Response> => {
  const { deps, call, language } = board
  const loop_id = loopIdOf(board)
  const form = await formOf(board)
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
  routes.get('/loops/:id/ship/mail', boardRoute(board, showMail))
  routes.post('/loops/:id/ship', boardRoute(board, ship))
}
