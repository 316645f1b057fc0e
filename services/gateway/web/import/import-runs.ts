// Runs uploaded imports in the background, each by one gateway at a time.
//
// A run notes how far it is. One that stops noting, because its gateway went away, is taken over when its person looks at
// the page; what it has done is found again by the import itself.
import { startBudget } from '../../../../shared/bus/headers.ts'
import type { Caller, MemberCall } from '../../../../shared/contracts/define/contract.ts'
import { AppError, asAppError, textOf } from '../../../../shared/contracts/define/errors.ts'
import { IMPORT_CLIENT } from '../../../../shared/imports/attribution-rules.ts'
import { fitToLimits } from '../../../../shared/imports/fit-rules.ts'
import { parseFiles } from '../../../../shared/imports/read-rules.ts'
import { shownReport } from '../../../../shared/imports/report-rules.ts'
import { type ImportDeps, type ImportOptions, runImport } from '../../../../shared/imports/run-import.ts'
import { pause } from '../../../../shared/process/lifecycle.ts'
import type { Deps } from '../../deps.ts'
import type { Upload } from './import-store.ts'

/** Time for one question (ms). */
const BUDGET_MS = 30_000
/** A run that has not said for so long how far it is has been left (ms). */
const LEASE_MS = 60_000
const NOTE_EVERY_MS = 1_000

/** What an import asks, as a person. */
export const importDeps = ({ tasks, loops, ids, clock }: Deps, caller: Caller): ImportDeps => ({
  tasks,
  loops,
  callOf: (): MemberCall => ({
    caller: { ...caller, client_id: 'import', client_name: IMPORT_CLIENT },
    request_id: ids.next(),
    ...startBudget(clock, BUDGET_MS),
  }),
  pause: (ms) => pause(ms, new AbortController().signal),
})

/** Notes how far a run is, at most once a second. @returns what to call at each step, which throws when another took over */
const noting = (deps: Deps, upload: Upload, run: string): NonNullable<ImportOptions['onProgress']> => {
  const { store, clock } = deps
  let [noted_ms, lost] = [clock.monotonicMs(), false]
  return (done, total) => {
    if (lost) throw new AppError('unavailable', 'Another server has taken this import over.')
    if (clock.monotonicMs() - noted_ms < NOTE_EVERY_MS) return
    noted_ms = clock.monotonicMs()
    const lease_until = new Date(clock.now().getTime() + LEASE_MS)
    store.uploads.note(upload, run, { done, total, lease_until }).then(
      (kept) => {
        lost = !kept
      },
      (error: unknown) => deps.log.warn('the progress of an import could not be noted', { error }),
    )
  }
}

const carryOut = async (deps: Deps, upload: Upload, run: string, caller: Caller): Promise<void> => {
  const { store, log } = deps
  const { source, project, into, approve } = upload
  try {
    const files = await store.uploads.files(upload.ws, upload._id)
    const fitted = fitToLimits(parseFiles(source, files, project))
    const report = await runImport(importDeps(deps, caller), fitted, {
      approve,
      dry_run: false,
      into: into ?? undefined,
      onProgress: noting(deps, upload, run),
    })
    await store.uploads.note(upload, run, { state: 'done', report: shownReport(report) })
  } catch (error) {
    const fault = asAppError(error, run)
    if (fault.code === 'internal') log.error('an import stopped', { error, request_id: run })
    await store.uploads
      .note(upload, run, { state: 'failed', fault: textOf(fault) })
      .catch((lost: unknown) => log.warn('the end of an import could not be noted', { error: lost }))
  }
}

/**
 * Begins an import, or goes on with one that was left. It works in the background.
 * @returns whether it did: nothing is done while another run is under way.
 */
export const startRun = async (deps: Deps, upload: Upload, caller: Caller): Promise<boolean> => {
  const now = deps.clock.now()
  const run = deps.ids.next()
  const claimed = await deps.store.uploads.claim(upload, run, now, new Date(now.getTime() + LEASE_MS))
  if (!claimed) return false
  void carryOut(deps, claimed, run, caller)
  return true
}

/** Whether whoever ran an import has left it. */
export const isLeft = ({ state, lease_until }: Upload, now: Date): boolean =>
  state === 'running' && lease_until !== null && lease_until <= now
