// The page of an export, and its download: all that the person sees, line by line as it is read.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { runExport } from '../../../../shared/imports/run-export.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { type Board, type BoardDeps, boardRoute, showBoard } from '../board/board.ts'
import { IMPORTS } from '../messages/imports.ts'
import { importDeps } from './import-runs.ts'

const showExport = async (board: Board): Promise<Response> => {
  const words = wordsOf(IMPORTS, board.language)
  const title = words.word('export_title')
  const body = html`<h1>${title}</h1>
    <div class="card"><p>${words.word('export_lead')}</p>
    <p>${words.word('export_again')}</p>
    <p><a class="button" href="/export/tasks.jsonl" download>${words.word('export_button')}</a></p></div>`
  return await showBoard(board, { title, body })
}

const download = async ({ c, deps, caller, signedIn, now }: Board): Promise<Response> => {
  const lines = runExport(
    { ...importDeps(deps, caller), now: deps.clock.now },
    signedIn.membership.workspace_name,
  )
  const encoder = new TextEncoder()
  // One line is read when the browser has taken the one before.
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await lines.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`))
    },
    cancel: async () => {
      await lines.return(undefined)
    },
  })
  const name = `loops-${now.toISOString().slice(0, 10)}.jsonl`
  return c.body(stream, 200, {
    'Content-Type': 'application/jsonl; charset=utf-8',
    'Content-Disposition': `attachment; filename="${name}"`,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
}

/** `/export`, and the download. */
export const exportRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  routes.get('/export', boardRoute(board, showExport))
  routes.get('/export/tasks.jsonl', boardRoute(board, download))
}
