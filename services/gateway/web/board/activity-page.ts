// What happened in the workspace, newest first: of all of it, or of one task, loop, person, app or agent, on some days.
import type { Hono } from 'hono'
import { Id } from '../../../../shared/contracts/define/common.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { ACTIVITY_PAGE } from '../messages/activity-page.ts'
import { dayOf } from '../moments.ts'
import { loadActivity } from './activity-facts.ts'
import { readFilter } from './activity-filter-rules.ts'
import { activityPageView } from './activity-page-view.ts'
import { type Board, type BoardDeps, boardRoute, showBoard } from './board.ts'

const STATUS = { wrong: 404, backwards: 400 } as const

const show = async (board: Board): Promise<Response> => {
  const { c, language, reading, now } = board
  const { task, loop, ...others } = readFilter((name) => c.req.query(name))
  // A task is in one loop at a time: what is of the task is asked for.
  const filter = { ...others, ...(task ? { task } : loop ? { loop } : {}) }
  const before = Id.safeParse(c.req.query('before')).data
  const facts = await loadActivity(board, filter, before)
  const names = new Map(facts.choices.loops.map(({ id, name }) => [id, name]))
  // What is over stays as it is.
  const isOver = before !== undefined || (filter.until !== undefined && filter.until < dayOf(now, reading))
  return showBoard(
    board,
    {
      title: wordsOf(ACTIVITY_PAGE, language).word('title'),
      place: 'activity',
      ...(isOver || facts.refusal ? {} : { live: task ? { task_id: task } : ('workspace' as const) }),
      body: activityPageView(facts, { language, reading, now, loopName: (id) => names.get(id) }),
    },
    facts.refusal === undefined ? {} : { status: STATUS[facts.refusal] },
  )
}

/** `/activity`. */
export const activityRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  routes.get('/activity', boardRoute(board, show))
}
