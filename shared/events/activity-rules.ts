// What is kept of an event to tell who did what, and how two histories become one. Pure.
import type { ActivityPage, Change } from '../contracts/activity.ts'
import type { OutboxEvent } from '../contracts/define/cloud-event.ts'
import type { Actor } from '../contracts/define/common.ts'

/** What somebody did, as it is stored; its id is that of its event, so it sorts by time. */
export type Activity = Readonly<{
  _id: string
  ws: string
  at: Date
  type: string
  by: Actor
  agent?: string
  task_id?: string
  /** The loops that it was about then. */
  loop_ids: readonly string[]
  /** Whether the first of them was private. */
  private: boolean
  changes?: readonly Change[]
  expires_at: Date
}>

/** Fields whose values are short and no text by anybody. */
const SHOWN: ReadonlySet<string> = new Set(['status', 'priority', 'due_date', 'loop_id'])
/** Loops that one entry names. */
const MAX_LOOPS = 50
/** Changes of the order that somebody asked for by themselves; the others come with the event of a loop. */
const ORDERS: ReadonlySet<unknown> = new Set(['moved', 'reordered'])
/** Events that tell of no act: they follow from another. */
const CONSEQUENCES: ReadonlySet<string> = new Set(['task.hidden', 'task.unblocked', 'task.claim_warned'])

const isText = (value: unknown): value is string => typeof value === 'string'
const value = (of: unknown): string | null | undefined => (of === null || isText(of) ? of : undefined)

/** A change of one field; a value that an earlier release did not tell is absent. */
const changeOf = (field: string, data: Readonly<Record<string, unknown>>): Change => {
  if (!SHOWN.has(field)) return { field }
  const [before, after] = [value(data[`${field}_before`]), value(data[field])]
  return { field, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }
}

const loopsOf = (data: Readonly<Record<string, unknown>>): string[] => {
  const named = Array.isArray(data.loop_ids) ? data.loop_ids : [data.loop_id, data.loop_id_before]
  return [...new Set(named.filter(isText))].slice(0, MAX_LOOPS)
}

/** What is kept of an event; undefined where nobody did anything that belongs in the history of tasks and loops. */
export const activityOf = ({ id, at, event }: OutboxEvent, kept_ms: number): Activity | undefined => {
  const { type, data, workspaceid: ws } = event
  const by = data.by as Actor | null | undefined
  if (!by || CONSEQUENCES.has(type) || (type === 'queue.changed' && !ORDERS.has(data.change)))
    return undefined
  const changed = Array.isArray(data.changed) ? data.changed.filter(isText) : []
  return {
    _id: id,
    ws,
    at,
    type,
    by,
    ...(isText(data.agent) ? { agent: data.agent } : {}),
    ...(isText(data.task_id) ? { task_id: data.task_id } : {}),
    loop_ids: loopsOf(data),
    private: data.private === true || data.visibility === 'private',
    ...(changed.length > 0 ? { changes: changed.map((field) => changeOf(field, data)) } : {}),
    expires_at: new Date(at.getTime() + kept_ms),
  }
}

/** What a page is of, and by whom. What is absent is open. */
export type Subject = Readonly<{
  task_id?: string | undefined
  loop_id?: string | undefined
  user_id?: string | undefined
  /** The name of the app or agent that was used. */
  client?: string | undefined
  /** The label that an agent gave itself. */
  agent?: string | undefined
}>

/** Whether an entry is of all that is asked. */
export const isOf = ({ task_id, loop_id, user_id, client, agent }: Subject, one: Activity): boolean =>
  (task_id === undefined || one.task_id === task_id) &&
  (loop_id === undefined || one.loop_ids.includes(loop_id)) &&
  (user_id === undefined || one.by.user_id === user_id) &&
  (client === undefined || one.by.client === client) &&
  (agent === undefined || one.agent === agent)

/**
 * One page of several histories, newest first. A history that was not read to its end decides how far the page may reach:
 * behind that, it may have entries that are newer than those of the others.
 */
export const mergePages = (pages: readonly ActivityPage[], limit: number): ActivityPage => {
  const horizon = pages.reduce((newest, { next }) => (next !== null && next > newest ? next : newest), '')
  const entries = pages
    .flatMap((page) => page.entries)
    .filter(({ id }) => id >= horizon)
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
  const page = entries.slice(0, limit)
  const more = entries.length > page.length
  return { entries: page, next: more ? (page.at(-1)?.id ?? null) : horizon === '' ? null : horizon }
}
