// Which resources an event may have changed, and of which of them a subscriber is notified. Pure.
//
// A subscriber is notified of what they see, or saw until now. So what they may not see is like what never existed, and what
// vanishes for them makes one notice.
import type { Passed } from '../../../shared/events/watch.ts'
import type { Named } from './resources.ts'

/** What somebody subscribed to, by the URIs that they gave. */
export type Subscribed = ReadonlyMap<string, Named>

/** Where something is: in a private loop (its id), or where the whole workspace sees it. */
type Place = string
const EVERYWHERE: Place = 'everywhere'

/** What may have changed since the last notices. */
export type Pending = Readonly<{
  /** Events were missed, or there were too many. */
  everything: boolean
  /** Somebody may see more or less than before. */
  sight: boolean
  /** The tasks and loops that are subscribed to and may have changed. */
  ids: ReadonlySet<string>
  /** Where the rows of the queue that may have changed are. */
  queue: ReadonlySet<Place>
  /** Where tasks are now that came from a loop that their event does not name. */
  moved: ReadonlySet<Place>
}>

export const NOTHING: Pending = {
  everything: false,
  sight: false,
  ids: new Set(),
  queue: new Set(),
  moved: new Set(),
}
export const EVERYTHING: Pending = { ...NOTHING, everything: true }

/** Most places that are remembered between two notices. */
const MAX_PLACES = 200

/** What somebody sees of what they subscribed to. */
export type Sight = Readonly<{
  /** The tasks and loops among it that they see. */
  ids: ReadonlySet<string>
  /** The private loops that they see; null: all. */
  private_loop_ids: ReadonlySet<string> | null
  /** Equal for equal private loops. */
  private_key: string
}>

type Data = Readonly<Record<string, unknown>>

/** What one event may have changed. */
type Touched = Readonly<{
  ids: readonly unknown[]
  queue?: Place | undefined
  moved?: Place | undefined
  sight?: boolean
}>

const placeOf = (isPrivate: boolean, loop_id: unknown): Place => (isPrivate ? String(loop_id) : EVERYWHERE)

/** After these, and after another status or loop, the queue shows other counts of tasks. */
const COUNTED: ReadonlySet<string> = new Set([
  'task.created',
  'task.claimed',
  'task.claim_expired',
  'task.deleted',
])

/** What an event about a task changes. */
const touchedByTask = (type: string, data: Data): Touched => {
  const { task_id, loop_id, loop_id_before } = data
  const place = placeOf(data.private === true, loop_id)
  const changed: readonly unknown[] = Array.isArray(data.changed) ? data.changed : []
  const hasMoved = changed.includes('loop_id')
  const isCounted = hasMoved || (Boolean(loop_id) && (COUNTED.has(type) || changed.includes('status')))
  // Named only if the whole workspace sees that loop, or the task is still in it.
  const cameFromSeen = hasMoved && typeof loop_id_before === 'string'
  return {
    ids: [task_id, loop_id, loop_id_before],
    queue: isCounted ? (cameFromSeen ? EVERYWHERE : place) : undefined,
    moved: hasMoved && !cameFromSeen ? place : undefined,
  }
}

const touchedBy = (type: string, data: Data): Touched | undefined => {
  if (type === 'task.hidden' || type === 'comment.added') return { ids: [data.task_id, data.loop_id] }
  // Nobody can read that a holder was warned.
  if (type === 'task.claim_warned') return undefined
  if (type.startsWith('task.')) return touchedByTask(type, data)
  // Its version is on every page of the queue.
  if (type === 'queue.changed') return { ids: data.loop_ids as readonly unknown[], queue: EVERYWHERE }
  if (type.startsWith('loop.'))
    return {
      ids: [data.loop_id],
      queue: placeOf(data.visibility === 'private', data.loop_id),
      sight: type === 'loop.members_changed',
    }
  return undefined
}

const withPlace = (places: ReadonlySet<Place>, place: Place | undefined): ReadonlySet<Place> =>
  place === undefined || places.has(place) ? places : new Set([...places, place])

/** What may have changed once an event has passed; the same object when it changes nothing that is subscribed to. */
export const afterEvent = (pending: Pending, subscribed: Subscribed, passed: Passed): Pending => {
  if (passed === undefined) return EVERYTHING
  const touched = touchedBy(passed.type, passed.data)
  if (!touched || pending.everything || subscribed.size === 0) return pending
  const named = [...subscribed.values()]
  const found = named.flatMap((one) =>
    one.kind !== 'queue' && touched.ids.includes(one.id) && !pending.ids.has(one.id) ? [one.id] : [],
  )
  const hasQueue = named.some(({ kind }) => kind === 'queue')
  const hasLoops = named.some(({ kind }) => kind === 'loop')
  const next: Pending = {
    everything: false,
    sight: pending.sight || (touched.sight ?? false),
    ids: found.length === 0 ? pending.ids : new Set([...pending.ids, ...found]),
    queue: hasQueue ? withPlace(pending.queue, touched.queue) : pending.queue,
    moved: hasLoops ? withPlace(pending.moved, touched.moved) : pending.moved,
  }
  if (next.queue.size + next.moved.size > MAX_PLACES) return EVERYTHING
  const isSame = (Object.keys(next) as (keyof Pending)[]).every((key) => next[key] === pending[key])
  return isSame ? pending : next
}

/** The URIs of which to notify a subscriber, who saw one thing before and sees another now. */
export const urisToNotify = (
  subscribed: Subscribed,
  pending: Pending,
  before: Pick<Sight, 'ids' | 'private_key'>,
  now: Sight,
): string[] => {
  const sees = (place: Place): boolean => place === EVERYWHERE || (now.private_loop_ids?.has(place) ?? true)
  const isAnyMoveSeen = [...pending.moved].some(sees)
  const hasQueueChanged =
    pending.everything || before.private_key !== now.private_key || [...pending.queue].some(sees)
  const hasChanged = (named: Named): boolean => {
    if (named.kind === 'queue') return hasQueueChanged
    const { kind, id } = named
    const [saw, seesNow] = [before.ids.has(id), now.ids.has(id)]
    if (saw !== seesNow) return true
    const lostTask = kind === 'loop' && isAnyMoveSeen && (now.private_loop_ids?.has(id) ?? true)
    return seesNow && (pending.everything || pending.ids.has(id) || lostTask)
  }
  return [...subscribed].flatMap(([uri, named]) => (hasChanged(named) ? [uri] : []))
}
