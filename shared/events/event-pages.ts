// Reads the occurrences of a subscription from a position on, a page at a time. Keeps nothing between pages.
//
// What its reader may not see leaves no trace in a page: not in its size, nor in whether there is more.
import type { Bus } from '../bus/connect.ts'
import { eventSubject, everyEventIn, type MemberCall } from '../contracts/define/contract.ts'
import { EVENT_TYPES, type EventType, type EventTypeName } from '../contracts/event-types.ts'
import type { Clock } from '../process/clock.ts'
import { type Position, streamHash } from './event-cursor.ts'
import type { Occurrence, Subscription } from './occurrence-rules.ts'
import { occurrencesOf, type Witnesses } from './occurrences.ts'
import { type Looked, lookAtStream, readEvents } from './read-events.ts'

/** Events that are read at once, and how often for one page. */
const BATCH = 200
const MAX_BATCHES = 5
/** Every copy of the stream has what was published so long ago (ms). */
const EVERYWHERE_MS = 60_000

/** An occurrence, and where the subscription stands behind it. */
export type Placed = Readonly<{ occurrence: Occurrence; position: Position }>

/** The occurrences since a position. */
export type EventPage = Readonly<{
  occurrences: readonly Placed[]
  /** Where it began to read. */
  start: Position
  /** Where to read on. */
  position: Position
  /** Some events before these may have been skipped. */
  truncated: boolean
  /** There are further occurrences now. */
  more: boolean
  /** Every event that there was has been looked at. */
  caught_up: boolean
  /** Ids of the events that were looked at. */
  read: ReadonlySet<string>
}>

/** What a page is asked for. */
export type PageAsked = Readonly<{
  from: Position
  subscription: Subscription
  /** Of the reader, as they are now. */
  call: MemberCall
  max: number
  /** Events that were published longer ago are skipped. */
  max_age_ms?: number | undefined
  /** Also compares the position with what the stream still has, and moves it on in quiet times. */
  compare: boolean
}>

export type EventPages = Readonly<{
  /** The position of a subscription that begins now. */
  now: () => Promise<Position>
  /** @throws AppError `unavailable` or `timeout` when something cannot be asked. */
  page: (asked: PageAsked) => Promise<EventPage>
}>

/** The subject of all events that a type of event may follow from, in a workspace. */
export const filterOf = (name: EventTypeName, workspaceId: string): string => {
  const { follows }: EventType = EVENT_TYPES[name]
  const sources = Object.entries(follows).flatMap(([service, names]) =>
    names.map((event) => eventSubject(service, event, workspaceId)),
  )
  const [only] = sources
  return only !== undefined && sources.length === 1 ? only : everyEventIn('*', workspaceId)
}

/** Where to read on from a position, given the stream as it is; and whether events may be skipped by that. */
export const resumeAt = (
  from: Position,
  { id, first_seq, last_seq, seq_before }: Looked,
  now: Date,
  max_age_ms: number | undefined,
): Readonly<{ position: Position; truncated: boolean }> => {
  const stream = streamHash(id)
  // Another stream counts from 1 again; one that was restored from a backup may lack its last events.
  if (from.stream !== stream || from.seq > last_seq)
    return { position: { stream, seq: last_seq, at: now }, truncated: true }
  const tooOld = max_age_ms !== undefined && from.at.getTime() < now.getTime() - max_age_ms
  const seq = Math.max(from.seq, first_seq - 1, tooOld ? (seq_before ?? last_seq) : 0)
  return seq > from.seq
    ? { position: { ...from, seq, at: tooOld ? now : from.at }, truncated: true }
    : { position: from, truncated: tooOld }
}

type Deps = Readonly<{ bus: Bus; clock: Clock; witnesses: Witnesses }>

/** Reads occurrences until there are more than asked for, or no more events. */
const scan = async (
  { bus, clock, witnesses }: Deps,
  { from, subscription, call, max }: PageAsked,
): Promise<Omit<EventPage, 'truncated'>> => {
  const filter = filterOf(subscription.name, call.caller.workspace_id)
  const placed: Placed[] = []
  const read = new Set<string>()
  const page = { occurrences: placed, start: from, read, more: false, caught_up: false }
  let position = from
  for (let batches = 0; batches < MAX_BATCHES; batches += 1) {
    const now = clock.now()
    const found = await readEvents(bus, { after: position.seq, filter, limit: BATCH })
    const events = found.map(({ event }) => event)
    const visible = await occurrencesOf(witnesses, events, subscription, call)
    for (const [index, { seq, at, event }] of found.entries()) {
      read.add(event.id)
      position = { ...position, seq, at }
      const occurrence = visible[index]
      if (occurrence) placed.push({ occurrence, position })
    }
    const last = placed[max - 1]
    if (last && placed.length > max)
      return { ...page, occurrences: placed.slice(0, max), position: last.position, more: true }
    if (found.length < BATCH) return { ...page, position: { ...position, at: now }, caught_up: true }
  }
  return { ...page, position }
}

/** Reads the events of the stream as pages of occurrences. */
export const openEventPages = (deps: Deps): EventPages => {
  const { bus, clock } = deps
  return {
    now: async () => {
      const now = clock.now()
      const { id, last_seq } = await lookAtStream(bus, now)
      return { stream: streamHash(id), seq: last_seq, at: now }
    },
    page: async (asked) => {
      if (!asked.compare) return { ...(await scan(deps, asked)), truncated: false }
      const { from, max_age_ms } = asked
      const now = clock.now()
      const moment = new Date(now.getTime() - (max_age_ms ?? EVERYWHERE_MS))
      const looked = await lookAtStream(bus, moment)
      const { position, truncated } = resumeAt(from, looked, now, max_age_ms)
      const page = await scan(deps, { ...asked, from: position })
      // So that a subscription to what rarely happens does not fall behind the oldest event of the stream.
      const quiet = page.caught_up && page.read.size === 0 && max_age_ms === undefined
      const seq = quiet ? Math.max(page.position.seq, looked.seq_before ?? 0) : page.position.seq
      return { ...page, position: { ...page.position, seq }, truncated }
    },
  }
}
