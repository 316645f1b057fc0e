// A discrete-event simulation of stations with queues: the same seed gives the same run. Pure.
import { randomFrom } from '../support/random.ts'
import { createHeap } from './heap-rules.ts'

/**
 * Where work waits and is done. `groups` are queues of their own: a job's key chooses among shards; among replicas chance does
 * (`any`), as a bus or a balancer gives out requests. `speed` is that of a server: 0.25 for a quarter of a core.
 */
export type Station = Readonly<{ name: string; groups: number; servers: number; speed?: number; any?: true }>
/** One stop of a job. `mean_ms` is the mean time of a server; it varies exponentially unless `fixed`. */
export type Step = Readonly<{ station: string; mean_ms: number; fixed?: boolean }>
/** A kind of job: what its caller waits for, and the kinds that follow by themselves once it is done. */
export type Kind = Readonly<{ name: string; steps: readonly Step[]; followed_by?: readonly string[] }>
/** Who brings jobs. The key of each job is even among `keys`. */
export type Source = Readonly<{ kinds: readonly string[]; keys: number }> &
  Readonly<
    /** Poisson arrivals of random kinds, so many a second. */
    | { type: 'open'; per_second: number }
    /** So many that go through the kinds in turn for ever, with an exponential pause before each (ms). */
    | { type: 'closed'; count: number; pause_ms: number }
    /** So many at once at the beginning. */
    | { type: 'burst'; count: number }
  >
/** From `from_ms` to `until_ms` this share of a station's servers, or of its replicas, is left. Work that they have is finished. */
export type Outage = Readonly<{ station: string; share: number; from_ms: number; until_ms: number }>
export type Model = Readonly<{
  seed: number
  stations: readonly Station[]
  kinds: readonly Kind[]
  sources: readonly Source[]
  outages?: readonly Outage[]
  /** What is done before is not judged. The run ends at `until_ms`. */
  warm_ms: number
  until_ms: number
}>

/** What a station did: the share of time that its servers worked, in the mean and in its busiest group. */
export type StationResult = Readonly<{ name: string; used: number; hottest: number; longest: number }>
export type Result = Readonly<{
  arrived: number
  departed: number
  inside: number
  /** Jobs that a caller waits for, which ended after the warm-up. */
  calls: number
  per_second: number
  p50_ms: number
  p99_ms: number
  mean_ms: number
  stations: readonly StationResult[]
  /** The station that is used most. */
  bottleneck: string
  /** The first station at which ten jobs wait for each server, after the warm-up. */
  first_queue: Readonly<{ station: string; at_ms: number }> | null
  /** The run was ended early, at its bound of steps. */
  is_cut: boolean
}>

type Job = { kind: Kind; key: number; step: number; born_ms: number; caller: Caller | null; waited: boolean }
type Caller = { source: Extract<Source, { type: 'closed' }>; turn: number }
type Group = {
  station: Station
  servers: number
  busy: number
  queue: Job[]
  head: number
  busy_ms: number
  longest: number
}

/** No run is longer than this many steps; the largest scenario makes a tenth of it. */
const MAX_STEPS = 20_000_000
const FULL = 10
/** Used places at the front of a queue are given back in blocks. */
const BLOCK = 1_024

const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

const named = <T extends { name: string }>(all: readonly T[], what: string) => {
  const found = new Map(all.map((one) => [one.name, one]))
  return (name: string): T => {
    const one = found.get(name)
    if (!one) throw new Error(`There is no ${what} “${name}” in the model. Add it, or mend the name.`)
    return one
  }
}

/** Random times from the seed alone. */
const openChance = (seed: number) => {
  const random = randomFrom(seed)
  const share = (): number => (random(0x1_0000_0000) + 0.5) / 0x1_0000_0000
  return { below: random, exponential: (mean: number): number => -Math.log(share()) * mean }
}
type Chance = ReturnType<typeof openChance>

/** The queues of all stations, made when they are first used. */
const openGroups = (model: Model, chance: Chance) => {
  const stationOf = named(model.stations, 'station')
  const groups = new Map<string, Group>()
  const shares = new Map<string, number>()
  const shareOf = (station: Station): number => shares.get(station.name) ?? 1
  const serversOf = (station: Station): number =>
    station.any ? station.servers : Math.floor(station.servers * shareOf(station))
  const indexOf = (station: Station, key: number): number =>
    station.any
      ? chance.below(Math.max(1, Math.floor(station.groups * shareOf(station))))
      : key % station.groups
  return {
    all: () => [...groups.values()],
    of: (name: string, key: number): Group => {
      const station = stationOf(name)
      const id = `${name} ${indexOf(station, key)}`
      const known = groups.get(id)
      if (known) return known
      const made: Group = {
        station,
        servers: serversOf(station),
        busy: 0,
        queue: [],
        head: 0,
        busy_ms: 0,
        longest: 0,
      }
      groups.set(id, made)
      return made
    },
    /** Leaves this share of the servers. @returns the queues of the station */
    share: (name: string, share: number): Group[] => {
      const station = stationOf(name)
      shares.set(name, share)
      const found = [...groups.values()].filter((group) => group.station === station)
      for (const group of found) group.servers = serversOf(station)
      return found
    },
  }
}
type Groups = ReturnType<typeof openGroups>

/** @param until_ms the moment at which all was done, or the end of the run */
const stationResults = (model: Model, groups: Groups, until_ms: number): StationResult[] =>
  model.stations.map(({ name, groups: count, servers }) => {
    const own = groups.all().filter(({ station }) => station.name === name)
    const time = servers * until_ms
    const hottest = own.reduce((most, { busy_ms }) => Math.max(most, busy_ms), 0)
    return {
      name,
      used: own.reduce((sum, { busy_ms }) => sum + busy_ms, 0) / (time * count),
      hottest: hottest / time,
      longest: own.reduce((most, { longest }) => Math.max(most, longest), 0),
    }
  })

type Heap = ReturnType<typeof createHeap<() => void>>

/** How jobs wait and are served. `done` is called when the last step of one is over. */
const openFloor = (model: Model, heap: Heap, chance: Chance, done: (job: Job, now: number) => void) => {
  const groups = openGroups(model, chance)
  let first_queue: Result['first_queue'] = null
  const begin = (group: Group, job: Job, now: number): void => {
    const { mean_ms, fixed } = job.kind.steps[job.step] as Step
    const mean = mean_ms / (group.station.speed ?? 1)
    const takes = fixed ? mean : chance.exponential(mean)
    group.busy += 1
    group.busy_ms += Math.max(0, Math.min(takes, model.until_ms - now))
    const ends = now + takes
    heap.push(ends, () => {
      group.busy -= 1
      serve(group, ends)
      job.step += 1
      enter(job, ends)
    })
  }
  const serve = (group: Group, now: number): void => {
    while (group.busy < group.servers && group.head < group.queue.length) {
      const job = group.queue[group.head++] as Job
      if (group.head >= BLOCK) {
        group.queue.splice(0, group.head)
        group.head = 0
      }
      begin(group, job, now)
    }
  }
  const enter = (job: Job, now: number): void => {
    const step = job.kind.steps[job.step]
    if (!step) {
      done(job, now)
      return
    }
    const group = groups.of(step.station, job.key)
    group.queue.push(job)
    serve(group, now)
    const waiting = group.queue.length - group.head
    group.longest = Math.max(group.longest, waiting)
    if (now >= model.warm_ms && waiting >= FULL * Math.max(1, group.servers))
      first_queue ??= { station: group.station.name, at_ms: now }
  }
  const share = (name: string, part: number, now: number): void => {
    for (const group of groups.share(name, part)) serve(group, now)
  }
  return { groups, enter, share, firstQueue: () => first_queue }
}

/** Brings the jobs of all sources. */
const openSources = (
  model: Model,
  heap: Heap,
  chance: Chance,
  add: (name: string, key: number, now: number, caller: Caller | null) => void,
) => {
  const again = (caller: Caller, now: number): void => {
    const at = now + chance.exponential(caller.source.pause_ms)
    heap.push(at, () => {
      const kind = caller.source.kinds[caller.turn++ % caller.source.kinds.length] as string
      add(kind, chance.below(caller.source.keys), at, caller)
    })
  }
  const next = (source: Extract<Source, { type: 'open' }>, now: number): void => {
    const at = now + chance.exponential(1_000 / source.per_second)
    heap.push(at, () => {
      add(source.kinds[chance.below(source.kinds.length)] as string, chance.below(source.keys), at, null)
      next(source, at)
    })
  }
  const start = (source: Source): void => {
    if (source.type === 'open') next(source, 0)
    else
      for (let index = 0; index < source.count; index += 1) {
        if (source.type === 'closed') again({ source, turn: index }, 0)
        else add(source.kinds[index % source.kinds.length] as string, chance.below(source.keys), 0, null)
      }
  }
  return { again, start: () => model.sources.forEach(start) }
}

/**
 * Runs the model from 0 to `until_ms`.
 * @throws Error that names a station or kind that is not in the model
 */
export const simulate = (model: Model): Result => {
  const [heap, chance] = [createHeap<() => void>(), openChance(model.seed)]
  const kindOf = named(model.kinds, 'kind')
  const latencies: number[] = []
  let [arrived, departed] = [0, 0]
  const add = (name: string, key: number, now: number, caller: Caller | null, waited = true): void => {
    arrived += 1
    floor.enter({ kind: kindOf(name), key, step: 0, born_ms: now, caller, waited }, now)
  }
  const floor = openFloor(model, heap, chance, (job, now) => {
    departed += 1
    if (job.waited && now >= model.warm_ms) latencies.push(now - job.born_ms)
    for (const name of job.kind.followed_by ?? []) add(name, job.key, now, null, false)
    if (job.caller) sources.again(job.caller, now)
  })
  const sources = openSources(model, heap, chance, add)
  for (const { station, share, from_ms, until_ms } of model.outages ?? []) {
    heap.push(from_ms, () => floor.share(station, share, from_ms))
    heap.push(until_ms, () => floor.share(station, 1, until_ms))
  }
  sources.start()
  let steps = 0
  let last_ms = 0
  for (; steps < MAX_STEPS && heap.least() <= model.until_ms; steps += 1) {
    last_ms = heap.least()
    heap.pop()?.()
  }
  const sorted = Float64Array.from(latencies).sort()
  const stations = stationResults(model, floor.groups, last_ms)
  return {
    arrived,
    departed,
    inside: floor.groups.all().reduce((sum, { queue, head, busy }) => sum + queue.length - head + busy, 0),
    calls: sorted.length,
    per_second: (sorted.length / Math.max(1, last_ms - model.warm_ms)) * 1_000,
    p50_ms: quantile(sorted, 0.5),
    p99_ms: quantile(sorted, 0.99),
    mean_ms: sorted.reduce((sum, one) => sum + one, 0) / Math.max(1, sorted.length),
    stations,
    bottleneck: stations.reduce((most, one) => (one.hottest > most.hottest ? one : most)).name,
    first_queue: floor.firstQueue(),
    is_cut: steps === MAX_STEPS,
  }
}
