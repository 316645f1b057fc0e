// The audit log: what an entry says, and the chain of hashes by which any change of the log is found. Pure.
//
// Each workspace has a chain of its own, and the installation has one for what belongs to no workspace. An entry holds the
// hash of the one before it, so whoever has the newest hash can check everything before.
import { createHash } from 'node:crypto'
import type { PlainEvent } from '../../../shared/contracts/define/contract.ts'

/** Every action that the log knows: the thing, and what happened to it. */
export const AUDIT_ACTIONS = [
  'session.started',
  'sign_in.refused',
  'session.ended',
  'sessions.ended',
  'account.made',
  'account.changed',
  'account.deactivated',
  'account.reactivated',
  'account.exported',
  'account.deleted',
  'identity.linked',
  'identity.unlinked',
  'password.changed',
  'password.reset',
  'password_reset.requested',
  'second_factor.added',
  'second_factor.removed',
  'second_factor.refused',
  'recovery_codes.made',
  'consent.given',
  'consent.denied',
  'connection.ended',
  'connection.scopes_changed',
  'assertion.accepted',
  'assertion.refused',
  'client.registered',
  'client.blocked',
  'client.unblocked',
  'client.removed',
  'token.made',
  'token.revoked',
  'token.rotated',
  'client_secret.made',
  'client_key.changed',
  'service_account.made',
  'service_account.changed',
  'service_account.disabled',
  'service_account.enabled',
  'service_account.removed',
  'member.role_changed',
  'member.removed',
  'member.left',
  'invitation.made',
  'invitation.withdrawn',
  'invitation.accepted',
  'workspace.setting_changed',
  'workspace.deleted',
  'panel.used',
  'panel.secret_shown',
  'import.made',
  'export.made',
  'admin.command',
] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

/** How it ended. `interrupted`: a gateway died meanwhile, so whether it was done is not known. */
export const AUDIT_OUTCOMES = ['done', 'refused', 'interrupted'] as const
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number]

/** The chain of what belongs to no workspace. No workspace has such an id. */
export const INSTALLATION_LOG = 'installation'

/** Who did something: `via` is the way, such as `web`, `mcp`, `admin` or the name of an app. Null: not known who. */
export type AuditBy = Readonly<{ user_id: string | null; name: string; via: string }>

/** What is to be recorded of an action, before its outcome is known. */
export type AuditEntry = Readonly<{
  action: AuditAction
  /** The workspaces whose owners may read it; none: only the operator may. */
  ws: readonly string[]
  by: AuditBy
  /** The network address that it came from; null where there is none, as at a command line. */
  address: string | null
  /** Ids and short names of what it was done to. No texts, no secrets. */
  target: Readonly<Record<string, string>>
}>

/** How an action ended, and the code of the error that refused it. */
export type AuditEnd = Readonly<{ outcome: AuditOutcome; reason?: string }>

/** An action with its end: what a chain takes up. `id` is the same in each of its chains. */
export type AuditRecord = Readonly<Pick<AuditEntry, 'action' | 'by' | 'address' | 'target'>> &
  AuditEnd &
  Readonly<{ id: string; at: string }>

/** An entry of a chain. */
export type ChainEntry = AuditRecord &
  Readonly<{
    /** The chain: a workspace, or INSTALLATION_LOG. */
    ws: string
    /** 1 for the first entry of a chain, one more for each. */
    seq: number
    prev_hash: string
    hash: string
  }>

/** A place in a chain. */
export type ChainPlace = Readonly<{ seq: number; hash: string }>

/** The place before the first entry of every chain. */
export const CHAIN_START: ChainPlace = { seq: 0, hash: '0'.repeat(64) }

/** The longest value of a target, and the most of them. A name may have 200 characters. */
const TARGET_CHARS = 200
const TARGET_MEMBERS = 20

/** A target with bounded values. */
export const boundedTarget = (target: AuditEntry['target']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(target)
      .slice(0, TARGET_MEMBERS)
      .map(([name, value]) => [name, [...value].slice(0, TARGET_CHARS).join('')]),
  )

/** A value as JSON in its canonical form (RFC 8785), for what entries hold: strings, whole numbers, null, objects. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    member !== null && typeof member === 'object'
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )

/** The hash of an entry: SHA-256 of its canonical JSON without `hash`, in hexadecimal. */
export const hashOf = ({ hash: _, ...entry }: Omit<ChainEntry, 'hash'> & { hash?: string }): string =>
  createHash('sha256').update(canonicalJson(entry)).digest('hex')

/** The entry that takes a record up after a place of a chain. */
export const chained = (ws: string, after: ChainPlace, record: AuditRecord): ChainEntry => {
  const entry = { ...record, ws, seq: after.seq + 1, prev_hash: after.hash }
  return { ...entry, hash: hashOf(entry) }
}

/** What is wrong at a place of a chain. */
export type ChainFault = Readonly<{ seq: number; what: 'missing' | 'changed' | 'not_linked' | 'foreign' }>

/** What is wrong with the entry that follows a place of the chain `ws`; undefined when nothing is. */
export const faultOf = (ws: string, after: ChainPlace, entry: ChainEntry): ChainFault | undefined => {
  const { seq } = entry
  if (seq !== after.seq + 1) return { seq: after.seq + 1, what: 'missing' }
  if (entry.ws !== ws) return { seq, what: 'foreign' }
  if (hashOf(entry) !== entry.hash) return { seq, what: 'changed' }
  return entry.prev_hash === after.hash ? undefined : { seq, what: 'not_linked' }
}

/**
 * Checks entries in their order.
 * @param known places that are known from elsewhere, such as the newest one that a SIEM has: without one, a log whose end
 *   was cut off, or that was made anew as a whole, looks whole.
 * @returns where the chain has got to, or the first fault.
 */
export const verifyChain = (
  ws: string,
  start: ChainPlace,
  entries: readonly ChainEntry[],
  known: readonly ChainPlace[] = [],
): Readonly<{ end: ChainPlace; fault?: ChainFault }> => {
  let end = start
  for (const entry of entries) {
    const fault = faultOf(ws, end, entry)
    if (fault) return { end, fault }
    const expected = known.find(({ seq }) => seq === entry.seq)
    if (expected && expected.hash !== entry.hash) return { end, fault: { seq: entry.seq, what: 'changed' } }
    end = { seq: entry.seq, hash: entry.hash }
  }
  return { end }
}

/** What is wrong with the end of a chain, of which a later place is known; undefined when nothing is. */
export const faultAtEnd = (end: ChainPlace, known: readonly ChainPlace[]): ChainFault | undefined =>
  known.some(({ seq }) => seq > end.seq) ? { seq: end.seq + 1, what: 'missing' } : undefined

/**
 * The event of an entry. It holds the whole entry, so that whoever keeps the events has a second copy of the log, which
 * nobody with access to the database can change.
 */
export const recordedEvent = ({ ws, id, ...entry }: ChainEntry): PlainEvent => ({
  name: 'audit.recorded',
  data: {
    log_id: ws,
    ...(ws === INSTALLATION_LOG ? {} : { workspace_id: ws }),
    entry_id: id,
    ...entry,
  },
})
