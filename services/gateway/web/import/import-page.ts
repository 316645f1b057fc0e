// The pages of an import: a form, a dry run with its table, and then the import, which goes on in the background.
import type { Hono } from 'hono'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id, LIMITS } from '../../../../shared/contracts/define/common.ts'
import { AppError, notFound } from '../../../../shared/contracts/define/errors.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { fitToLimits } from '../../../../shared/imports/fit-rules.ts'
import { parseFiles } from '../../../../shared/imports/read-rules.ts'
import { REFUSALS } from '../../../../shared/imports/refusal-words.ts'
import { refusalIn } from '../../../../shared/imports/refusals.ts'
import { shownReport } from '../../../../shared/imports/report-rules.ts'
import { runImport } from '../../../../shared/imports/run-import.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { auditedInWorkspace } from '../audited-forms.ts'
import { type Board, type BoardDeps, boardRoute, ifAnswered, leaveBoard, showBoard } from '../board/board.ts'
import { IMPORTS } from '../messages/imports.ts'
import { attempt, type Fault, formActionOf } from '../posted-forms.ts'
import { importDeps, isLeft, startRun } from './import-runs.ts'
import type { Upload } from './import-store.ts'
import { importForm, uploadView } from './import-view.ts'
import { readUpload } from './uploads.ts'

/** How long an upload is kept (ms). */
const KEPT_MS = 24 * 60 * 60_000

const wordsFor = ({ language }: Board) => wordsOf(IMPORTS, language)

/** @throws AppError `forbidden` for those who may only look. */
const requireWriter = ({ may_write }: Board): void => {
  if (!may_write)
    throw new AppError('forbidden', 'You can only look at this workspace.', {
      hint: 'Ask its owner for the right to change tasks.',
    })
}

const showForm = async (board: Board, found?: Fault): Promise<Response> => {
  const fault = found && { ...found, sentence: refusalIn(found.error, board.language) ?? found.sentence }
  requireWriter(board)
  const { deps, call, may_approve, language } = board
  const words = wordsFor(board)
  const loops = await ifAnswered(() => deps.loops.get_loop_queue({ limit: LIMITS.page }, call()))
  const body = importForm(words, { loops: loops?.loops ?? [], may_approve }, language, fault)
  return await showBoard(board, { title: words.word('title'), body }, formActionOf(fault))
}

/** Keeps an upload with what it would do. */
const keep = async (board: Board): Promise<string> => {
  const { c, deps, caller, may_approve, workspace_id: ws } = board
  const { files, source, project, into, ...asked } = await readUpload(
    c.req.raw,
    REFUSALS[board.language].pasted,
  )
  const approve = asked.approve && may_approve
  const fitted = fitToLimits(parseFiles(source, files, project))
  const report = await runImport(importDeps(deps, caller), fitted, { approve, dry_run: true, into })
  const created_at = deps.clock.now()
  const upload: Upload = {
    _id: deps.ids.next(),
    ws,
    user_id: caller.user_id,
    source,
    project,
    into: into ?? null,
    approve,
    preview: shownReport(report),
    state: 'waiting',
    done: 0,
    total: fitted.tasks.length,
    report: null,
    fault: null,
    run: null,
    lease_until: null,
    created_at,
    expires_at: new Date(created_at.getTime() + KEPT_MS),
  }
  await deps.store.uploads.insert(upload, files)
  return upload._id
}

const receive = async (board: Board): Promise<Response> => {
  requireWriter(board)
  const kept = await attempt(() => keep(board))
  return kept.ok ? leaveBoard(board, `/import/${kept.value}`) : await showForm(board, kept.fault)
}

/** @throws AppError `not_found` for what is another person's, in another workspace, or gone. */
const load = async ({ c, deps, caller, workspace_id }: Board): Promise<Upload> => {
  const id = checkInput(Id, c.req.param('id'))
  const upload = await deps.store.uploads.find(workspace_id, caller.user_id, id)
  if (!upload) throw notFound('import', id)
  return upload
}

const showUpload = async (board: Board): Promise<Response> => {
  const { deps, caller, now } = board
  const upload = await load(board)
  if (isLeft(upload, now) && board.may_write) await startRun(deps, upload, caller)
  const words = wordsFor(board)
  const live = upload.state === 'running' ? { live: 'workspace' as const } : {}
  return await showBoard(board, { title: words.word('title'), body: uploadView(words, upload), ...live })
}

const begin = async (board: Board): Promise<Response> => {
  requireWriter(board)
  const upload = await load(board)
  const target = { import_id: upload._id, source: upload.source, count: String(upload.total) }
  const start = () => startRun(board.deps, upload, board.caller)
  const asked = { action: 'import.made' as const, target }
  await auditedInWorkspace(board.c, board.deps, board.signedIn, asked, start)
  return leaveBoard(board, `/import/${upload._id}`)
}

/** `/import`, and the page of each upload. */
export const importRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  routes.get(
    '/import',
    boardRoute(board, (one) => showForm(one)),
  )
  routes.post('/import', boardRoute(board, receive))
  routes.get('/import/:id', boardRoute(board, showUpload))
  routes.post('/import/:id', boardRoute(board, begin))
}
