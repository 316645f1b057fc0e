// Snapshots: the present state as records in the form of events, and the place in the stream to read on from.
//
// A subscriber starts a table with one, to have what is older than the stream. Knows neither where records are stored nor who
// asks.
import * as z from 'zod'
import type { Visibility } from '../contracts/define/common.ts'
import { type Contract, eventFilter } from '../contracts/define/contract.ts'
import { packCursor, unpackCursor } from '../contracts/define/cursor.ts'
import { AppError } from '../contracts/define/errors.ts'
import { gateway } from '../contracts/gateway/contract.ts'
import { loopsQueue } from '../contracts/loops-queue/contract.ts'
import { recordTypesOf, SnapshotPlace, type SnapshotRecord } from '../contracts/records.ts'
import { tasks } from '../contracts/tasks/contract.ts'
import type { Clock } from '../process/clock.ts'
import { pause } from '../process/lifecycle.ts'

const POLL_MS = 250

/** The services that have records. What belongs to something comes after it. */
export const SNAPSHOT_SERVICES: readonly Contract[] = [gateway, loopsQueue, tasks]

/** Records of one type. */
type Kind = Readonly<{ service: string; type: string }>
const KINDS: readonly Kind[] = SNAPSHOT_SERVICES.flatMap(({ name: service, events }) =>
  recordTypesOf(events).map((type) => ({ service, type })),
)

/** A loop by its id, and the workspace that it is in. */
export type LoopPlace = Readonly<{ id: string; workspace_id: string }>

/** Access to the records and the stream. */
export type SnapshotSources = Readonly<{
  /** Whether all events of a service from before a moment have been published. */
  isPublished: (service: string, before: Date) => Promise<boolean>
  /** A page of records of one type after the id `after`; of one workspace if it is given. */
  list: (
    kind: Kind,
    workspace_id: string | undefined,
    after: string | undefined,
  ) => Promise<Readonly<{ records: readonly SnapshotRecord[]; next: string | null }>>
  /** The visibility of these loops, by their ids; a loop that does not exist is absent. */
  visibilityOf: (loops: readonly LoopPlace[]) => Promise<ReadonlyMap<string, Visibility>>
  /** When the installation was restored; undefined if it never was. */
  epoch?: string | undefined
  /** The present stream; null when there is none. */
  stream: () => Promise<Readonly<{ id: string; first_seq: number; last_seq: number }> | null>
}>

export type SnapshotDeps = Readonly<{
  sources: SnapshotSources
  clock: Pick<Clock, 'now' | 'monotonicMs'>
  /** How long to wait until earlier events have been published (ms). */
  wait_ms: number
}>

/** A page of a snapshot. */
export type SnapshotPage = Readonly<{
  snapshot: SnapshotPlace
  records: readonly SnapshotRecord[]
  next_cursor: string | null
}>

const letsThrough = (filter: readonly string[], { service, type }: Kind): boolean => {
  const subject = eventFilter(service, type).split('.')
  return filter.slice(0, -1).every((part, index) => part === '*' || part === subject[index])
}

/**
 * The kinds of records that a filter lets through, and the workspace that it names, if any.
 * @param filter `evt.<service>.<noun>.<verb>.<workspace id>`, `*` for any part.
 * @throws AppError `invalid_argument` when there are no such records.
 */
const planOf = (filter: string): Readonly<{ kinds: readonly Kind[]; workspace_id: string | undefined }> => {
  const parts = filter.split('.')
  const kinds = KINDS.filter((kind) => letsThrough(parts, kind))
  const workspace = parts.at(-1)
  if (kinds.length > 0) return { kinds, workspace_id: workspace === '*' ? undefined : workspace }
  const there = KINDS.map(({ service, type }) => `${type} of ${service}`).join(', ')
  throw new AppError(
    'invalid_argument',
    `A snapshot has no records that ${filter} lets through: there are ${there}.`,
    { hint: 'Begin with the stream alone, or with a wider filter.' },
  )
}

/**
 * Waits until all events from before now have been published. Otherwise an older event could come behind the snapshot and
 * bring something back to the reader that has been deleted since.
 * @throws AppError `unavailable` when that takes too long.
 */
const untilPublished = async (
  { sources, clock, wait_ms }: SnapshotDeps,
  kinds: readonly Kind[],
): Promise<void> => {
  const start = clock.now()
  const end_ms = clock.monotonicMs() + wait_ms
  for (const service of new Set(kinds.map((kind) => kind.service)))
    while (!(await sources.isPublished(service, start))) {
      if (clock.monotonicMs() > end_ms)
        throw new AppError(
          'unavailable',
          `Events of ${service} from before ${start.toISOString()} still wait to be published: check that ${service} and NATS run, and ask again.`,
          { retry_after_ms: 1_000 },
        )
      await pause(POLL_MS, new AbortController().signal)
    }
}

const streamNow = async ({ sources }: SnapshotDeps) => {
  const stream = await sources.stream()
  if (stream) return stream
  throw new AppError('unavailable', 'There is no stream of events now; ask again.', { retry_after_ms: 1_000 })
}

/** The place in the stream of a snapshot that starts now. */
const placeNow = async (deps: SnapshotDeps): Promise<SnapshotPlace> => {
  const { id, last_seq } = await streamNow(deps)
  const { epoch } = deps.sources
  const place = { stream: id, sequence: last_seq, at: deps.clock.now().toISOString() }
  return epoch === undefined ? place : { ...place, epoch }
}

/** @throws AppError `invalid_argument` when the stream can no longer be read on from the place. */
const requireKept = async (deps: SnapshotDeps, { stream, sequence }: SnapshotPlace): Promise<void> => {
  const now = await streamNow(deps)
  if (now.id === stream && now.first_seq <= sequence + 1) return
  throw new AppError(
    'invalid_argument',
    'The stream has lost events since the snapshot began: take another one, from its first page.',
    { hint: 'Ask without a cursor.' },
  )
}

const Cursor = z.tuple([SnapshotPlace, z.string(), z.string(), z.string().nullable()])

const writeCursor = (place: SnapshotPlace, { service, type }: Kind, after: string | null): string =>
  packCursor(JSON.stringify([place, service, type, after]))

/** @throws AppError `invalid_argument` for a text that is not a cursor of these kinds. */
const readCursor = (cursor: string | undefined, kinds: readonly Kind[]) =>
  unpackCursor(cursor, (json) => {
    const [place, service, type, after] = Cursor.parse(JSON.parse(json))
    const index = kinds.findIndex((kind) => kind.service === service && kind.type === type)
    return index < 0 ? undefined : { place, index, after: after ?? undefined }
  })

/** The loop that a record is a comment on. */
const commentedLoop = ({ type, data, workspaceid }: SnapshotRecord): LoopPlace | undefined =>
  type === 'comment.added' && typeof data.loop_id === 'string'
    ? { id: data.loop_id, workspace_id: workspaceid }
    : undefined

/** Makes comments on loops as private as their loops, which another service has, and drops those of deleted loops. */
const withVisibility = async (
  { sources }: SnapshotDeps,
  records: readonly SnapshotRecord[],
): Promise<readonly SnapshotRecord[]> => {
  const loops = records.flatMap((record) => commentedLoop(record) ?? [])
  if (loops.length === 0) return records
  const visibilities = await sources.visibilityOf(loops)
  return records.flatMap((record) => {
    const loop = commentedLoop(record)
    if (!loop) return record
    const visibility = visibilities.get(loop.id)
    return visibility ? { ...record, data: { ...record.data, private: visibility === 'private' } } : []
  })
}

/**
 * Returns a page of the snapshot of what a filter lets through.
 *
 * The place is taken before the first document is read. What the stream has up to there was stored before, so the records have
 * it. What is stored later comes behind the place in the stream, whether or not the records have it too. So a page may be
 * asked for again, and much later than the one before.
 * @throws AppError `invalid_argument` for a filter without records, a text that is not a cursor, or a cursor whose place the
 * stream has lost; `unavailable` when earlier events still wait to be published.
 */
export const snapshotPage = async (
  deps: SnapshotDeps,
  filter: string,
  cursor?: string,
): Promise<SnapshotPage> => {
  const { kinds, workspace_id } = planOf(filter)
  const from = readCursor(cursor, kinds)
  if (!from) await untilPublished(deps, kinds)
  const snapshot = from?.place ?? (await placeNow(deps))
  let { index, after }: { index: number; after: string | undefined } = from ?? { index: 0, after: undefined }
  for (;;) {
    const kind = kinds[index] as Kind
    const { records, next } = await deps.sources.list(kind, workspace_id, after)
    const found = await withVisibility(deps, records)
    const following = kinds[index + 1]
    const next_cursor =
      next !== null
        ? writeCursor(snapshot, kind, next)
        : following
          ? writeCursor(snapshot, following, null)
          : null
    if (found.length > 0 || next !== null || !following) {
      await requireKept(deps, snapshot)
      return { snapshot, records: found, next_cursor }
    }
    index += 1
    after = undefined
  }
}
