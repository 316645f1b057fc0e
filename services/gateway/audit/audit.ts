// Records what people and operators do: the intent before the work, the outcome after it. Knows no action.
//
// A record is lost only together with the database: what a crash leaves behind is taken up by another gateway, as
// `interrupted` where the outcome is not known.
import { asAppError, type ErrorCode } from '../../../shared/contracts/define/errors.ts'
import { mongoFault } from '../../../shared/storage/mongo.ts'
import type { Deps } from '../deps.ts'
import {
  type AuditBy,
  type AuditEnd,
  type AuditEntry,
  boundedTarget,
  INSTALLATION_LOG,
} from './audit-rules.ts'
import type { PendingEntry } from './audit-store.ts'

export type { AuditBy, AuditEntry } from './audit-rules.ts'

/** What recording needs: gateways have it, and so do commands of the operator. */
export type AuditDeps = Pick<Deps, 'clock' | 'ids' | 'log'> &
  Readonly<{ store: Pick<Deps['store'], 'audit'> }>

/** How long something may be under way before it counts as interrupted (ms): longer than any request is answered. */
const INTERRUPTED_AFTER_MS = 10 * 60_000
/** How long a gateway has for taking up a record itself before another one does (ms). */
const LEFT_AFTER_MS = 10_000
/** How much is taken up in one pass, and how many old entries are removed at once. */
const BATCH = 100
const FORGET_BATCH = 1_000
const DAY_MS = 24 * 60 * 60_000

/** Errors after which it is not known whether the work was done. */
const UNKNOWN_END: readonly ErrorCode[] = ['unavailable', 'timeout', 'internal']

/** Who did something in the browser. */
export const byOf = ({ person }: Readonly<{ person: Readonly<{ _id: string; name: string }> }>): AuditBy => ({
  user_id: person._id,
  name: person.name,
  via: 'web',
})

const chainsOf = ({ ws }: Pick<AuditEntry, 'ws'>): readonly string[] =>
  ws.length > 0 ? [...new Set(ws)] : [INSTALLATION_LOG]

const pendingOf = (deps: AuditDeps, entry: AuditEntry, left_after_ms: number): PendingEntry => {
  const at = deps.clock.now()
  return {
    ...entry,
    target: boundedTarget(entry.target),
    _id: deps.ids.next(),
    at,
    due_at: new Date(at.getTime() + left_after_ms),
  }
}

const takeUp = async ({ store }: AuditDeps, pending: PendingEntry, end: AuditEnd): Promise<void> => {
  const { _id: id, at, action, by, address, target } = pending
  const record = { id, at: at.toISOString(), action, by, address, target, ...end }
  for (const ws of chainsOf(pending)) await store.audit.append(ws, record)
  await store.audit.end(id)
}

/** Takes up a record whose work has ended. It must not fail for that, so what does not succeed now is left to the sweep. */
const takeUpOrLeave = async (deps: AuditDeps, pending: PendingEntry, end: AuditEnd): Promise<void> => {
  try {
    await takeUp(deps, pending, end)
  } catch (error) {
    deps.log.warn('an entry of the audit log waits', { id: pending._id, action: pending.action, error })
    await deps.store.audit.settle(pending._id, end, deps.clock.now()).catch(() => undefined)
  }
}

/**
 * Does work that the log has to show: notes the intent, does the work, and records whether it was done or refused. The
 * reason of a refusal is the code of its error, never its words.
 * @param found what is known of the target only afterwards, such as the id of what was made.
 * @param whoDid the one who did it, where only the work makes them known, such as a new account.
 * @throws what the work throws; what the database throws when the intent cannot be noted, and then nothing was done.
 */
export const audited = async <T>(
  deps: AuditDeps,
  entry: AuditEntry,
  work: () => Promise<T>,
  found: (result: T) => AuditEntry['target'] = () => ({}),
  whoDid: (result: T) => AuditBy = () => entry.by,
): Promise<T> => {
  const pending = pendingOf(deps, entry, INTERRUPTED_AFTER_MS)
  await deps.store.audit.begin(pending)
  let result: T
  try {
    result = await work()
  } catch (error) {
    const { code: reason } = asAppError(error, pending._id, mongoFault)
    const outcome = UNKNOWN_END.includes(reason) ? 'interrupted' : 'refused'
    await takeUpOrLeave(deps, pending, { outcome, reason })
    throw error
  }
  const target = boundedTarget({ ...pending.target, ...found(result) })
  await takeUpOrLeave(deps, { ...pending, target, by: whoDid(result) }, { outcome: 'done' })
  return result
}

/**
 * Records what has happened.
 * @throws what the database throws when nothing could be noted.
 */
export const recordAudit = async (
  deps: AuditDeps,
  { outcome, reason, ...entry }: AuditEntry & AuditEnd,
): Promise<void> => {
  const end: AuditEnd = { outcome, ...(reason === undefined ? {} : { reason }) }
  const pending = { ...pendingOf(deps, entry, LEFT_AFTER_MS), ...end }
  await deps.store.audit.begin(pending)
  await takeUpOrLeave(deps, pending, end)
}

/** Takes up what a crash left behind. Meant to be called repeatedly. */
export const takeUpLeftBehind = async (deps: AuditDeps): Promise<void> => {
  for (const pending of await deps.store.audit.leftBehind(deps.clock.now(), BATCH)) {
    const { outcome = 'interrupted', reason } = pending
    await takeUp(deps, pending, { outcome, ...(reason === undefined ? {} : { reason }) })
  }
}

/** Removes entries that are older than `days`. Meant to be called repeatedly. */
export const forgetOldEntries = async (deps: AuditDeps, days: number): Promise<void> => {
  const before = new Date(deps.clock.now().getTime() - days * DAY_MS)
  for (let removed = FORGET_BATCH; removed > 0; )
    removed = await deps.store.audit.forget(before, FORGET_BATCH)
}
