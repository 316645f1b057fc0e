// The page of agents: who is connected, what each holds, and the forms that end a connection.
import type { Hono } from 'hono'
import { Id } from '../../../../shared/contracts/define/common.ts'
import { notFound } from '../../../../shared/contracts/define/errors.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { isOfService } from '../../oauth/grant-rules.ts'
import { auditedInWorkspace } from '../audited-forms.ts'
import { AGENTS } from '../messages/agents.ts'
import { loadAgents } from './agents-facts.ts'
import { mayEnd } from './agents-rules.ts'
import { agentsView } from './agents-view.ts'
import { type Board, type BoardDeps, boardRoute, leaveBoard, showBoard } from './board.ts'

const show = async (board: Board): Promise<Response> =>
  showBoard(board, {
    title: wordsOf(AGENTS, board.language).word('title'),
    place: 'agents',
    live: 'workspace',
    body: agentsView(await loadAgents(board), board),
  })

/** What ends a connection of a person, and its name; undefined: there is none of this id. */
const findConnection = async (
  { deps, now, signedIn }: Board,
  id: string,
): Promise<
  Readonly<{ user_id: string; ws: string; name: string; end: () => Promise<unknown> }> | undefined
> => {
  const { grants, personalTokens } = deps.store
  const grant = await grants.find(id)
  if (grant) {
    // A service account gets its next one by itself; its page ends it.
    if (isOfService(grant)) return undefined
    const { user_id, ws, client_name: name } = grant
    const reason = user_id === signedIn.person._id ? 'revoked_by_person' : 'revoked_by_manager'
    return { user_id, ws, name, end: () => grants.revoke(id, reason, now) }
  }
  const token = await personalTokens.find(id)
  if (!token) return undefined
  const { user_id, ws, name } = token
  return { user_id, ws, name, end: () => personalTokens.remove(user_id, id) }
}

/**
 * Ends a connection: their own for members, any of the workspace for its owner and admins. What it holds stays claimed
 * until that lapses or somebody releases it.
 */
const disconnect = async (board: Board): Promise<Response> => {
  const { c, signedIn, workspace_id, language } = board
  const id = c.req.param('id') ?? ''
  const found = Id.safeParse(id).success ? await findConnection(board, id) : undefined
  const { role } = signedIn.membership
  if (!found || !mayEnd(found, { user_id: signedIn.person._id, workspace_id, role }))
    throw notFound('connection', id)
  const asked = { action: 'connection.ended' as const, target: { connection_id: id, name: found.name } }
  await auditedInWorkspace(c, board.deps, signedIn, asked, found.end)
  const message = wordsOf(AGENTS, language).say('disconnected', { name: found.name })
  return leaveBoard(board, '/agents', { message })
}

/** `/agents`. */
export const agentRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  routes.get('/agents', boardRoute(board, show))
  routes.post('/agents/:id/disconnect', boardRoute(board, disconnect))
}
