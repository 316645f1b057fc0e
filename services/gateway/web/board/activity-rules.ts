// Which sentence tells what somebody did, and which entries are told at all. Pure.
import type { Change, ShownActivity } from '../../../../shared/contracts/activity.ts'
import { dayOf, type Reading } from '../moments.ts'

/** A sentence of messages/activity.ts with its subject and its object, and the changes that it lists. */
export type Sentence = Readonly<{ key: SentenceKey; changes: readonly Change[] }>

/** What moves a task to a status, by the status that it had. */
const STATUS_KEYS = {
  open: 'reopened',
  approved: 'approved',
  in_progress: 'began',
  on_hold: 'held',
  shipped: 'shipped',
  rejected: 'rejected',
} as const

const EVENT_KEYS = {
  'task.created': 'filed',
  'task.claimed': 'took',
  'task.claim_expired': 'expired',
  'loop.created': 'loop_created',
  'loop.held': 'loop_held',
  'loop.reopened': 'loop_reopened',
  'loop.shipped': 'loop_shipped',
  'loop.members_changed': 'loop_members',
  'queue.changed': 'loop_moved',
} as const

type SentenceKey =
  | (typeof STATUS_KEYS)[keyof typeof STATUS_KEYS]
  | (typeof EVENT_KEYS)[keyof typeof EVENT_KEYS]
  | 'withdrew'
  | 'gave_back'
  | 'commented'
  | 'loop_commented'
  | 'changed'
  | 'changed_how'

const isStatus = (value: unknown): value is keyof typeof STATUS_KEYS =>
  typeof value === 'string' && Object.hasOwn(STATUS_KEYS, value)
const isEvent = (type: string): type is keyof typeof EVENT_KEYS => Object.hasOwn(EVENT_KEYS, type)

const statusKey = ({ before, after }: Change): SentenceKey | undefined => {
  if (before === 'in_progress' && after === 'approved') return 'gave_back'
  if (before === 'approved' && after === 'open') return 'withdrew'
  return isStatus(after) ? STATUS_KEYS[after] : undefined
}

/** The sentence for an entry. A new status says most; what changed beside it is not listed. */
export const sentenceOf = ({ type, task_id, changes = [] }: ShownActivity): Sentence => {
  if (isEvent(type)) return { key: EVENT_KEYS[type], changes: [] }
  if (type === 'comment.added')
    return { key: task_id === undefined ? 'loop_commented' : 'commented', changes: [] }
  const status = changes.find(({ field }) => field === 'status')
  const key = status && statusKey(status)
  // A text that takes the approval back is what somebody did; the status follows from it.
  const rewritten = changes.some(({ field }) => field === 'title' || field === 'body')
  if (key && !rewritten) return { key, changes: [] }
  return { key: changes.length > 0 ? 'changed_how' : 'changed', changes }
}

/** Without the beginnings of work that a claim at the same moment tells already. */
export const withoutEchoes = <E extends ShownActivity>(entries: readonly E[]): readonly E[] => {
  const claims = new Set(
    entries.filter(({ type }) => type === 'task.claimed').map(({ task_id, at }) => `${task_id} ${at}`),
  )
  return entries.filter(
    (entry) =>
      entry.type !== 'task.updated' ||
      sentenceOf(entry).key !== 'began' ||
      !claims.has(`${entry.task_id} ${entry.at}`),
  )
}

/** Entries, newest first, by the day on which they are for the reader (`YYYY-MM-DD`). */
export const byDay = <E extends ShownActivity>(
  entries: readonly E[],
  reading: Reading,
): ReadonlyMap<string, E[]> => Map.groupBy(entries, ({ at }) => dayOf(new Date(at), reading))
