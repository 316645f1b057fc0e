// The download of everything that belongs to a workspace, for its owner: JSON Lines, written as they are read.
import type { Hono } from 'hono'
import { startBudget } from '../../../../shared/bus/headers.ts'
import { LIMITS } from '../../../../shared/contracts/define/common.ts'
import type { Caller, MemberCall } from '../../../../shared/contracts/define/contract.ts'
import { runExport } from '../../../../shared/imports/run-export.ts'
import { forbiddenDeletion } from '../../accounts/deletion-words.ts'
import { callerOf } from '../../accounts/sessions.ts'
import { auditLines, peopleLines, type WorkspaceLine } from '../../accounts/workspace-export.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { requireRecent } from '../account/re-authenticate.ts'
import { auditedInWorkspace } from '../audited-forms.ts'
import type { Ctx } from '../layout.ts'
import { membersOnly, type SignedInMember } from '../workspace/workspace-page.ts'
import { importDeps } from './import-runs.ts'

/** Where the download is. */
export const WORKSPACE_EXPORT_PATH = '/workspace/export.jsonl'

/** How long one question to a service may take (ms). */
const BUDGET_MS = 10_000

const callFor = ({ ids, clock }: Deps, caller: Caller): MemberCall => ({
  caller,
  request_id: ids.next(),
  ...startBudget(clock, BUDGET_MS),
})

type Rows = Readonly<Record<string, unknown>> & Readonly<{ next_cursor?: string | null }>

/** What each service shows on its page of the workspace, row by row: its contract says how it is asked. */
async function* panelLines(deps: Deps, caller: Caller): AsyncGenerator<WorkspaceLine> {
  for (const contract of deps.contracts) {
    const { panel } = contract
    if (!panel?.roles.includes(caller.role)) continue
    const { operation, rows } = panel.table
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const input = { limit: LIMITS.page, ...(cursor === undefined ? {} : { cursor }) }
      const page = (await deps.ask(contract, operation, input, callFor(deps, caller))) as Rows
      for (const row of page[rows] as readonly object[]) yield { ...row, type: panel.path }
      cursor = page.next_cursor ?? null
    }
  }
}

/** What happened to tasks and loops, newest first. */
async function* activityLines(deps: Deps, caller: Caller): AsyncGenerator<WorkspaceLine> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const input = { limit: LIMITS.page, ...(cursor === undefined ? {} : { cursor }) }
    const page = await deps.loops.get_activity(input, callFor(deps, caller))
    for (const { type: event, ...entry } of page.activity) yield { type: 'activity', event, ...entry }
    cursor = page.next_cursor
  }
}

/** Every line. The last one counts the others: without it, the file was cut off. */
async function* everyLine(deps: Deps, caller: Caller, name: string): AsyncGenerator<WorkspaceLine> {
  const exporting = { ...importDeps(deps, caller), now: deps.clock.now }
  let lines = 0
  for (const part of [
    runExport(exporting, name, true),
    peopleLines(deps, caller.workspace_id),
    panelLines(deps, caller),
    activityLines(deps, caller),
    auditLines(deps, caller.workspace_id),
  ])
    for await (const line of part) {
      lines += 1
      yield line
    }
  yield { type: 'end', lines }
}

const download = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const { membership, person } = signedIn
  if (membership.role !== 'owner') throw forbiddenDeletion((words) => words.word('only_owner_exports'))
  const asked = await requireRecent(c, deps, signedIn)
  if (asked) return asked
  const about = { action: 'export.made' as const, target: { format: 'workspace' } }
  await auditedInWorkspace(c, deps, signedIn, about, async () => undefined)
  const lines = everyLine(deps, callerOf(person, membership), membership.workspace_name)
  const encoder = new TextEncoder()
  // One line is read when the browser has taken the one before.
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await lines.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`))
    },
    cancel: async () => void (await lines.return(undefined)),
  })
  const name = `workspace-${deps.clock.now().toISOString().slice(0, 10)}.jsonl`
  return c.body(stream, 200, {
    'Content-Type': 'application/jsonl; charset=utf-8',
    'Content-Disposition': `attachment; filename="${name}"`,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
}

/** The download. */
export const workspaceExportRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get(WORKSPACE_EXPORT_PATH, membersOnly(deps)(download))
}
