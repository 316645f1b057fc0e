// What a soak looks at each minute: memory and file handles of every process, every collection, the streams and consumers
// of JetStream, and how long calls took.
import { readdir, readFile } from 'node:fs/promises'
import { type Db, MongoClient } from 'mongodb'
import { SERVICE_NAMES } from '../../services/start.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { createLog } from '../../shared/process/log.ts'
import type { World } from '../chaos/world.ts'
import { OBSERVER } from '../support/chaos/nats-servers.ts'
import type { Controlled } from '../support/chaos/processes.ts'
import type { Times } from './soak-load.ts'
import { type Kind, quantile, type Series } from './soak-rules.ts'

/** One figure of one look. */
export type Figure = Readonly<{ name: string; kind: Kind; value: number }>
/** All figures of one look (ms since the start of the run). */
export type Sample = Readonly<{ at_ms: number; figures: readonly Figure[] }>

/** Collections that keep what happened for a stated time or for good, so they grow by what is done. */
const HISTORY: ReadonlySet<string> = new Set([
  ...['activity', 'audit', 'audit_anchors', 'events', 'notices', 'deliveries', 'event_deliveries'],
  ...['loops', 'tasks', 'comments', 'tallies', 'requests', 'search', 'shipped_counts', 'mention_quotas'],
])
/** mongod keeps what was read or written in memory until its cache is full. */
const CACHES = /^mongod/
const KB_PER_MB = 1_024
const RETRIED_MS = 5_000

const processFigures = async (one: Controlled, isJudged: boolean): Promise<Figure[]> => {
  const pid = one.pid()
  if (pid === undefined) return []
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  const [, kb = '0'] = /^Pss:\s+(\d+)/m.exec(rollup) ?? []
  const handles = (await readdir(`/proc/${pid}/fd`)).length
  return [
    {
      name: `memory of ${one.name}`,
      kind: isJudged && !CACHES.test(one.name) ? 'memory' : 'history',
      value: Number(kb) / KB_PER_MB,
    },
    {
      name: `handles of ${one.name}`,
      kind: isJudged && !CACHES.test(one.name) ? 'handles' : 'history',
      value: handles,
    },
  ]
}

const collectionFigures = async (db: Db, service: string, name: string): Promise<Figure[]> => {
  const { count, avgObjSize = 0 } = await db.command({ collStats: name, maxTimeMS: RETRIED_MS })
  const waiting = await db.collection(name).countDocuments({ 'outbox.0': { $exists: true } })
  const place = `${service}.${name}`
  return [
    { name: `documents of ${place}`, kind: HISTORY.has(name) ? 'history' : 'documents', value: count },
    { name: `document size of ${place}`, kind: 'document', value: avgObjSize },
    { name: `waiting outboxes of ${place}`, kind: 'pending', value: waiting },
  ]
}

const databaseFigures = async (client: MongoClient): Promise<Figure[]> => {
  const figures: Figure[] = []
  for (const service of SERVICE_NAMES) {
    const db = client.db(`loops_${service.replaceAll('-', '_')}`)
    const all = await db.listCollections({}, { nameOnly: true }).toArray()
    for (const { name } of all.filter((one) => !one.name.startsWith('system.')))
      figures.push(...(await collectionFigures(db, service, name)))
  }
  return figures
}

const timeFigures = (times: Times, seconds: number): Figure[] => {
  const figures: Figure[] = [{ name: 'calls per second', kind: 'history', value: times.done / seconds }]
  for (const what of ['calls', 'pages'] as const) {
    const taken = times[what].splice(0)
    for (const [kind, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const value = quantile(taken, share)
      if (value !== undefined) figures.push({ name: `${kind} of ${what}`, kind, value })
    }
  }
  times.done = 0
  return figures
}

export type Sampler = AsyncDisposable & Readonly<{ look: (at_ms: number) => Promise<Sample> }>

/**
 * Opens connections of its own to look through.
 * @param restarted names of the processes that the run restarts, whose memory begins anew each time
 */
export const openSampler = async (
  world: World,
  times: Times,
  restarted: ReadonlySet<string>,
): Promise<Sampler> => {
  const log = createLog({ filter: 'error', topic: OBSERVER })
  const bus = await connectBus(world.nats.urlOf(OBSERVER), OBSERVER, log)
  const client = new MongoClient(world.mongo.url)
  const processes = [
    ...world.services,
    ...[...world.nats.servers, ...world.mongo.servers].map(({ process }) => process),
  ]
  const streamFigures = async (): Promise<Figure[]> => {
    const figures: Figure[] = []
    for await (const { config, state } of bus.jsm.streams.list()) {
      figures.push({ name: `messages of ${config.name}`, kind: 'history', value: state.messages })
      figures.push({ name: `bytes of ${config.name}`, kind: 'history', value: state.bytes })
      let consumers = 0
      for await (const found of bus.jsm.consumers.list(config.name)) {
        consumers += 1
        if (found.config.durable_name === undefined) continue
        const value = found.num_pending + found.num_ack_pending
        figures.push({ name: `unread by ${found.name} of ${config.name}`, kind: 'pending', value })
      }
      figures.push({ name: `consumers of ${config.name}`, kind: 'handles', value: consumers })
    }
    return figures
  }
  let last_ms = 0
  return {
    look: async (at_ms) => {
      const seconds = Math.max(1, (at_ms - last_ms) / 1_000)
      last_ms = at_ms
      const figures: Figure[] = timeFigures(times, seconds)
      // A process may end between two reads.
      for (const one of processes)
        figures.push(...(await processFigures(one, !restarted.has(one.name)).catch(() => [])))
      figures.push(...(await databaseFigures(client)), ...(await streamFigures()))
      return { at_ms, figures }
    },
    [Symbol.asyncDispose]: async () => {
      await bus[Symbol.asyncDispose]()
      await client.close()
    },
  }
}

/** The figures of all looks, by name. */
export const seriesOf = (samples: readonly Sample[]): Series[] => {
  const found = new Map<string, { name: string; kind: Kind; points: { at_ms: number; value: number }[] }>()
  for (const { at_ms, figures } of samples)
    for (const { name, kind, value } of figures) {
      const series = found.get(name) ?? { name, kind, points: [] }
      series.points.push({ at_ms, value })
      found.set(name, series)
    }
  return [...found.values()]
}
