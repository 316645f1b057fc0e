// The state of things as a program of another team keeps it. It follows the rules for readers and uses none of Loops'
// code.
import { expect } from 'vitest'
import type { SnapshotRecord } from '../../shared/contracts/records.ts'
import { type QueueChange, replayed } from './queue-model.ts'

const STATE: Readonly<Record<string, readonly string[]>> = {
  task: ['title', 'status', 'priority', 'due_date', 'loop_id', 'private'],
  loop: ['name', 'visibility', 'status', 'member_ids'],
  comment: ['task_id', 'loop_id', 'private', 'by', 'excerpt'],
}
const isOrder = ({ type }: SnapshotRecord): boolean => type === 'queue.changed'
const byVersion = (a: SnapshotRecord, b: SnapshotRecord): number => a.sequence - b.sequence
/** The table of a reader that follows the rules. An order changes one version at a time from its first one. */
export const tableOf = (
  records: readonly SnapshotRecord[],
  events: readonly SnapshotRecord[],
): Record<string, unknown> => {
  const newest = new Map<string, { sequence: number; state: unknown }>()
  const changes = [...records.filter(isOrder), ...events.filter(isOrder).toSorted(byVersion)]
  for (const { source, workspaceid, subject, sequence, type, data } of [...records, ...events]) {
    const names = STATE[type.split('.')[0] ?? '']
    const key = [source, workspaceid, subject].join(' ')
    if (!names || type === 'task.hidden' || sequence < (newest.get(key)?.sequence ?? 0)) continue
    const state = Object.fromEntries(names.map((name) => [name, data[name]]))
    newest.set(key, { sequence, state: type === 'task.deleted' ? undefined : state })
  }
  for (const { workspaceid, sequence, data } of changes) {
    const key = `order ${workspaceid}`
    const known = newest.get(key) ?? { sequence: 0, state: [] }
    if (sequence <= known.sequence) continue
    const change = data as unknown as QueueChange
    if (!change.order) expect(sequence).toBe(known.sequence + 1)
    newest.set(key, { sequence, state: replayed(known.state as string[], change) })
  }
  const there = [...newest].flatMap(([key, { state }]) => (state === undefined ? [] : [[key, state]]))
  return Object.fromEntries(there.toSorted())
}
