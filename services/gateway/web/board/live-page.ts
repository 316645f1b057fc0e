// The address of the streams of open pages: who may open one, and what they see of what changed.
import type { Hono } from 'hono'
import { startBudget } from '../../../../shared/bus/headers.ts'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id } from '../../../../shared/contracts/define/common.ts'
import type { Caller, MemberCall } from '../../../../shared/contracts/define/contract.ts'
import { AppError, notFound } from '../../../../shared/contracts/define/errors.ts'
import { callerOf, findSignedIn, openTo } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import type { Ctx } from '../layout.ts'
import type { BoardDeps } from './board.ts'
import type { Changes, Subject } from './live-rules.ts'

/** Time for the questions about one notice (ms). */
const BUDGET_MS = 5_000

/** Whether somebody sees any of what changed. What cannot be found out now is told: the page looks for itself. */
const seesAny =
  (deps: Deps, c: Ctx) =>
  async (caller: Caller, { loop_ids, task_ids, hidden }: Changes): Promise<boolean> => {
    const { workspace_id } = caller
    const call: MemberCall = {
      caller,
      request_id: deps.ids.next(),
      ...startBudget(deps.clock, BUDGET_MS, c.req.raw.signal),
    }
    try {
      const own = (await deps.loops.list_private_loops({}, call)).loop_ids
      if (own === null || (hidden && own.length > 0)) return true
      if (loop_ids.some((id) => own.includes(id))) return true
      const [states, seen] = await Promise.all([
        loop_ids.length === 0
          ? []
          : deps.loops
              .get_loop_states({ workspace_id, loop_ids: [...loop_ids] }, call)
              .then(({ loops }) => loops),
        task_ids.length === 0
          ? []
          : deps.tasks
              .list_seen_tasks({ task_ids: [...task_ids], visible_private_loop_ids: own }, call)
              .then(({ tasks }) => tasks),
      ])
      return seen.length > 0 || states.some(({ visibility }) => visibility === 'public')
    } catch (error) {
      if (error instanceof AppError) return true
      throw error
    }
  }

const subjectOf = (c: Ctx): Subject | undefined => {
  const [task, loop] = [c.req.query('task_id'), c.req.query('loop_id')]
  if (task !== undefined) return { task_id: checkInput(Id, task) }
  return loop === undefined ? undefined : { loop_id: checkInput(Id, loop) }
}

/** `/live/<workspace id>`: tells “changed” and a number, for the page that is open. */
export const liveRoutes = (routes: Hono<GatewayEnv>, { deps, live }: BoardDeps): void => {
  routes.get('/live/:workspace_id', async (c) => {
    const workspace_id = c.req.param('workspace_id')
    const memberOf = async () => {
      const signedIn = await findSignedIn(c, deps)
      const open = signedIn && openTo(signedIn)
      const membership = open?.find((one) => one.workspace_id === workspace_id)
      return signedIn && membership && { ...signedIn, membership }
    }
    const first = await memberOf()
    if (!first) throw notFound('workspace', workspace_id)
    const body = live.open({
      workspace_id,
      session_id: first.session._id,
      subject: subjectOf(c),
      since: c.req.query('since') ?? '',
      recheck: async () => {
        const now = await memberOf()
        return now && callerOf(now.person, now.membership)
      },
      sees: seesAny(deps, c),
      signal: c.req.raw.signal,
    })
    return new Response(body, {
      headers: {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        'X-Accel-Buffering': 'no',
      },
    })
  })
}
