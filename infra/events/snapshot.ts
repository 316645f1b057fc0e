// The present state as records in the form of events, and the place in the stream from which to read on: how a table
// begins that is to hold what is older than the stream.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '../../shared/bus/connect.ts'
import { EVENTS_STREAM } from '../../shared/bus/streams.ts'
import type { Clock } from '../../shared/clock.ts'
import type { Mongo } from '../../shared/mongo.ts'
import { StartFault } from '../report.ts'
import { type SnapshotRecord, SOURCES, type Source } from './sources.ts'

/** How long events that happened before are waited for until the stream has them (ms). */
const WAIT_MS = 15_000
const POLL_MS = 250

/** What a snapshot is narrowed to: a workspace, a service, the type of the records. */
export type Narrowed = Readonly<{ workspace?: string; source?: string; type?: string }>

/**
 * A line of a snapshot. The first says in which stream, by the moment of its making, and behind which sequence to read on;
 * the last, how many records there are, so that a file that was cut off is noticed.
 */
export type Line =
  | Readonly<{ snapshot: Readonly<{ stream: string; sequence: number; at: string }> }>
  | SnapshotRecord
  | Readonly<{ end: Readonly<{ records: number }> }>

/** @throws StartFault when nothing is of this source and type */
const chosen = ({ source, type }: Narrowed): readonly Source[] => {
  const found = SOURCES.filter(
    (one) => (source ?? one.service) === one.service && (type ?? one.type) === one.type,
  )
  if (found.length > 0) return found
  const there = SOURCES.map((one) => `${one.type} of ${one.service}`).join(', ')
  throw new StartFault(`A snapshot has no such records: there are ${there}.`)
}

/**
 * Waits until the stream has what happened before `start`. An older event of a thing that is deleted by now would bring it
 * back to a reader who never heard of its end.
 * @throws StartFault when it has not after a while
 */
const waitForTold = async (mongo: Mongo, clock: Clock, sources: readonly Source[]): Promise<void> => {
  const start = clock.now()
  const end_ms = clock.monotonicMs() + WAIT_MS
  for (const { service, outbox } of sources) {
    const waits = async () => (await outbox(mongo).pending(start, 1)).length > 0
    while (await waits()) {
      if (clock.monotonicMs() > end_ms)
        throw new StartFault(
          `Events of ${service} from before ${start.toISOString()} still wait to be published: look whether ${service} and NATS run, and ask again.`,
        )
      await sleep(POLL_MS)
    }
  }
}

const placeIn = async (bus: Bus) => {
  const { created, state } = await bus.jsm.streams.info(EVENTS_STREAM)
  return { stream: created, first: state.first_seq, last: state.last_seq }
}

/**
 * The lines of a snapshot. The place is taken before the first document is read: whatever the stream has up to there was
 * stored before, so it is in what is read; all that is stored afterwards comes behind that place, in what is read or not.
 * @throws StartFault when there are no such records, when events wait for too long, or when the stream has lost the place
 */
export async function* takeSnapshot(
  { mongo, bus, clock }: Readonly<{ mongo: Mongo; bus: Bus; clock: Clock }>,
  narrowed: Narrowed,
): AsyncGenerator<Line> {
  const sources = chosen(narrowed)
  await waitForTold(mongo, clock, sources)
  const { stream, last: sequence } = await placeIn(bus)
  yield { snapshot: { stream, sequence, at: clock.now().toISOString() } }
  let records = 0
  for (const source of sources)
    for await (const record of source.records(mongo, narrowed.workspace)) {
      records += 1
      yield record
    }
  const now = await placeIn(bus)
  if (now.stream !== stream || now.first > sequence + 1)
    throw new StartFault('The stream has lost events since the snapshot began: take another one.')
  yield { end: { records } }
}
