// Every route of the board but for the queue at `/`: the one list, apart from the pages.
import type { Hono } from 'hono'
import type { GatewayEnv } from '../../http/env.ts'
import { exportRoutes } from '../import/export-page.ts'
import { importRoutes } from '../import/import-page.ts'
import { activityRoutes } from './activity-page.ts'
import { agentRoutes } from './agents-page.ts'
import type { BoardDeps } from './board.ts'
import { liveRoutes } from './live-page.ts'
import { loopRoutes, loopTaskPage } from './loop-page.ts'
import { queueRoutes } from './queue-page.ts'
import { searchRoutes } from './search-page.ts'
import { shipRoutes } from './ship-page.ts'
import { taskChangeRoutes } from './task-changes.ts'
import { TASK_PAGE, taskRoutes } from './task-page.ts'
import { TRIAGE_PAGE, triageRoutes } from './triage-page.ts'
import { undoRoutes } from './undo-page.ts'

/** Adds them. Each page adds its own here. */
export const boardRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  liveRoutes(routes, board)
  undoRoutes(routes, board)
  loopRoutes(routes, board)
  queueRoutes(routes, board)
  triageRoutes(routes, board)
  shipRoutes(routes, board)
  taskRoutes(routes, board)
  searchRoutes(routes, board)
  activityRoutes(routes, board)
  agentRoutes(routes, board)
  taskChangeRoutes(routes, board, [TRIAGE_PAGE, loopTaskPage, TASK_PAGE])
  importRoutes(routes, board)
  exportRoutes(routes, board)
}
