// The page of agents: who is connected, what each holds, and the forms that end a connection.
import type { Hono } from 'hono'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { AGENTS } from '../messages/agents.ts'
import { loadAgents } from './agents-facts.ts'
import { agentsView } from './agents-view.ts'
import { type Board, type BoardDeps, boardRoute, leaveBoard, showBoard } from './board.ts'

const show = async (board: Board): Promise<Response> =>
  showBoard(board, {
    title: wordsOf(AGENTS, board.language).word('title'),
    place: 'agents',
    live: 'workspace',
    body: agentsView(await loadAgents(board), board),
  })

/** Ends a connection of one's own. One that is gone, or somebody else's, is left as it is. */
const disconnect = async (board: Board): Promise<Response> => {
  const { c, deps, signedIn, workspace_id, language, now } = board
  const grant = await deps.store.grants.find(c.req.param('id') ?? '')
  if (grant?.user_id !== signedIn.person._id || grant.ws !== workspace_id) return leaveBoard(board, '/agents')
  await deps.store.grants.revoke(grant._id, 'revoked_by_person', now)
  const message = wordsOf(AGENTS, language).say('disconnected', { name: grant.client_name })
  return leaveBoard(board, '/agents', { message })
}

/** `/agents`. */
export const agentRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  routes.get('/agents', boardRoute(board, show))
  routes.post('/agents/:id/disconnect', boardRoute(board, disconnect))
}
