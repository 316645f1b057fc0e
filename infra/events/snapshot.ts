// The lines of a snapshot, for an operator.
import type { Bus } from '../../shared/bus/connect.ts'
import { eventSubject } from '../../shared/contracts/define/contract.ts'
import type { SnapshotPlace, SnapshotRecord } from '../../shared/contracts/records.ts'
import { type SnapshotPage, snapshotPage } from '../../shared/events/snapshot.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Mongo } from '../../shared/storage/mongo.ts'
import { openSources } from './sources.ts'

/** How long to wait until earlier events have been published (ms). */
const WAIT_MS = 15_000

/** Limits a snapshot to a workspace, a service, or a type of event. */
export type Narrowed = Readonly<{ workspace?: string; source?: string; type?: string }>

/**
 * A line of a snapshot. The first is the position in the stream to read on from. The last is the number of records, which
 * shows whether a file is complete.
 */
export type Line =
  | Readonly<{ snapshot: SnapshotPlace }>
  | SnapshotRecord
  | Readonly<{ end: Readonly<{ records: number }> }>

/**
 * Reads a snapshot, page by page.
 * @throws AppError as `snapshotPage` does
 */
export async function* takeSnapshot(
  { mongo, bus, clock }: Readonly<{ mongo: Mongo; bus: Bus; clock: Clock }>,
  { workspace = '*', source = '*', type = '*.*' }: Narrowed,
): AsyncGenerator<Line> {
  const deps = { sources: await openSources(mongo, bus), clock, wait_ms: WAIT_MS }
  const filter = eventSubject(source, type, workspace)
  let page: SnapshotPage | undefined
  let records = 0
  do {
    const cursor: string | undefined = page?.next_cursor ?? undefined
    const first = page === undefined
    page = await snapshotPage(deps, filter, cursor)
    if (first) yield { snapshot: page.snapshot }
    records += page.records.length
    yield* page.records
  } while (page.next_cursor !== null)
  yield { end: { records } }
}
