// The writes that were acknowledged to clients: none may be lost, whatever happens.
import type { ErrorCode } from '../../shared/contracts/define/errors.ts'

/** A write that was acknowledged: what it changed, to which version, and whether an event of that version must follow. */
export type Acked = Readonly<{
  tool: string
  kind: 'task' | 'loop' | 'comment' | 'queue'
  id: string
  version: number
  has_event: boolean
  /** The title or name that it set. */
  name?: string
}>

/** The same with the times of the first request and of the answer (ms). */
export type Timed = Acked & Readonly<{ began: number; ended: number }>

/** Everything that the clients know at the end. */
export type Ledger = Readonly<{
  acked: Timed[]
  /** Tasks whose deletion was acknowledged, and those that somebody at least tried to delete. */
  deleted: Set<string>
  maybeDeleted: Set<string>
  /** Refusals by code: others had made the command impossible. */
  refused: Map<ErrorCode, number>
  /** Tries that failed and were repeated, by what they failed with. */
  retried: Map<string, number>
  /** Commands whose end nobody knows: the client lost patience. */
  unknown: string[]
}>

export const openLedger = (): Ledger => ({
  acked: [],
  deleted: new Set(),
  maybeDeleted: new Set(),
  refused: new Map(),
  retried: new Map(),
  unknown: [],
})

/** Counts one more of something. */
export const countOf = <K>(counts: Map<K, number>, key: K): void =>
  void counts.set(key, (counts.get(key) ?? 0) + 1)
