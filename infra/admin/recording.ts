// Records in the audit log what operators do by commands.
import { hostname, userInfo } from 'node:os'
import { type AuditDeps, audited } from '../../services/gateway/audit/audit.ts'
import type { AuditEntry } from '../../services/gateway/audit/audit-rules.ts'
import { openAuditStore } from '../../services/gateway/audit/audit-store.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import type { Mongo } from '../../shared/storage/mongo.ts'
import { StartFault } from '../report.ts'

/** Who runs the command, as the log names them. */
const operator = (): AuditEntry['by'] => {
  const account = () => {
    try {
      return `${userInfo().username}@${hostname()}`
    } catch {
      // In a container the user may have no name.
      return hostname()
    }
  }
  return { user_id: null, name: account(), via: 'admin' }
}

/**
 * Does what a command changes, and records it.
 * @param ws the workspaces whose owners may read it; none: only the operator may.
 * @param found what is known of the target only afterwards, such as the id of what was made.
 * @throws what the work throws.
 */
export const auditedCommand = <T>(
  { deps }: Readonly<{ deps: AuditDeps }>,
  command: string,
  { target, ws }: Readonly<{ target: AuditEntry['target']; ws: readonly string[] }>,
  work: () => Promise<T>,
  found?: (result: T) => AuditEntry['target'],
): Promise<T> =>
  audited(
    deps,
    { action: 'admin.command', ws, by: operator(), address: null, target: { command, ...target } },
    work,
    found,
  )

/**
 * Does what a command changes in the whole installation, and records it in the log that only operators read.
 * @throws what the work throws; a StartFault, a mistake of whoever typed, is recorded as refused.
 */
export const recordedCommand = async <T>(
  mongo: Mongo,
  command: string,
  target: AuditEntry['target'],
  work: () => Promise<T>,
  found?: (result: T) => AuditEntry['target'],
): Promise<T> => {
  const [clock, ids] = [systemClock, systemIds()]
  // The event of an entry is published by the gateways that run.
  const parts = { service: gateway.name, clock, ids, onCommit: () => undefined }
  const audit = await openAuditStore(mongo.database(gateway.name), parts)
  const deps = { store: { audit }, clock, ids, log: createLog({ filter: 'warn', topic: 'audit' }) }
  const refusable = async (): Promise<T> => {
    try {
      return await work()
    } catch (cause) {
      throw cause instanceof StartFault ? new AppError('invalid_argument', cause.message, { cause }) : cause
    }
  }
  try {
    return await auditedCommand({ deps }, command, { target, ws: [] }, refusable, found)
  } catch (error) {
    const cause = error instanceof AppError ? error.extras.cause : undefined
    throw cause instanceof StartFault ? cause : error
  }
}
