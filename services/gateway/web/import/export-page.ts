// The page of an export, and its download: all that the person sees, line by line as it is read.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { ExportLine } from '../../../../shared/imports/format-rules.ts'
import { markdownText } from '../../../../shared/imports/markdown-rules.ts'
import { runExport } from '../../../../shared/imports/run-export.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { auditedInWorkspace } from '../audited-forms.ts'
import { type Board, type BoardDeps, boardRoute, showBoard } from '../board/board.ts'
import { IMPORTS } from '../messages/imports.ts'
import { importDeps } from './import-runs.ts'

const showExport = async (board: Board): Promise<Response> => {
  const words = wordsOf(IMPORTS, board.language)
  const title = words.word('export_title')
  const body = html`<h1>${title}</h1>
    <div class="card"><p>${words.word('export_lead')}</p>
    <p>${words.word('export_again')}</p>
    <p><a class="button" href="/export/tasks.jsonl" download>${words.word('export_button')}</a></p></div>
    <div class="card"><p>${words.word('markdown_lead')}</p>
    <p><a class="button second" href="/export/tasks.md" download>${words.word('markdown_button')}</a></p></div>`
  return await showBoard(board, { title, body })
}

/** What a download is, and how it writes a line of an export. */
type Format = Readonly<{ ending: string; media_type: string; writer: () => (line: ExportLine) => string }>
const JSON_LINES: Format = {
  ending: 'jsonl',
  media_type: 'application/jsonl; charset=utf-8',
  writer: () => (line) => `${JSON.stringify(line)}\n`,
}
const MARKDOWN: Format = {
  ending: 'md',
  media_type: 'text/markdown; charset=utf-8',
  writer: markdownText,
}

const download = async (
  { c, deps, caller, signedIn, now }: Board,
  { ending, media_type, writer }: Format,
): Promise<Response> => {
  const asked = { action: 'export.made' as const, target: { format: ending } }
  await auditedInWorkspace(c, deps, signedIn, asked, async () => undefined)
  const write = writer()
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
      else controller.enqueue(encoder.encode(write(value)))
    },
    cancel: async () => {
      await lines.return(undefined)
    },
  })
  const name = `loops-${now.toISOString().slice(0, 10)}.${ending}`
  return c.body(stream, 200, {
    'Content-Type': media_type,
    'Content-Disposition': `attachment; filename="${name}"`,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
}

/** `/export`, and the downloads. */
export const exportRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  routes.get('/export', boardRoute(board, showExport))
  for (const format of [JSON_LINES, MARKDOWN])
    routes.get(
      `/export/tasks.${format.ending}`,
      boardRoute(board, (one) => download(one, format)),
    )
}
