// The promise of the mails, alone: each recipient at least once, and a second copy only where a sender died or lost its
// patience between the end of a message and the server's answer. Two notifiers with clocks minutes apart send while one of
// them or the mail server fails; every copy that arrives is counted.
import { setTimeout as sleep } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { IN_DOUBT } from '../../services/notifier/sender.ts'
import { stampEvents } from '../../shared/contracts/define/cloud-event.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { type FaultProxy, startFaultProxy } from '../support/chaos/fault-proxy.ts'
import type { Controlled } from '../support/chaos/processes.ts'
import { until } from '../support/chaos/until.ts'
import { openPeople, type People } from '../support/people.ts'
import { randomFrom } from '../support/random.ts'
import { shippedLoop } from '../support/shipped-loop.ts'
import { type SmtpSink, startSmtpSink } from '../support/smtp-sink.ts'
import { openSmallWorld } from './small-world.ts'
import type { Setting } from './world.ts'

const ids = systemIds()

/** What is done to the first notifier, or to the mail server, while both notifiers send. */
export const FAULTS = ['clock', 'cut_off', 'killed', 'dropped'] as const
export type PromiseFault = (typeof FAULTS)[number]

export type PromiseRun = Readonly<{
  setting: Omit<Setting, 'size'>
  seed: number
  /** How long a notifier is cut off from MongoDB, at least and at most (ms). */
  cut_ms: readonly [number, number]
  /** How: its connections are reset, or dead without a word, which it notices only after 20 s. */
  cuts: readonly ('refuse' | 'half_open')[]
  /** Absent: as in production. */
  lease_ms?: number
}>

/** What came of one fault. */
export type Copies = Readonly<{
  fault: PromiseFault
  /** What exactly was done. */
  how: string
  recipients: number
  missing: number
  /** Further copies, and how many of them the promise allows. */
  further: number
  allowed: number
  /** People whose copies do not have one Message-ID. */
  unlike: number
}>

/** Whether the promise was kept. */
export const isKept = ({ missing, further, allowed, unlike }: Copies): boolean =>
  missing === 0 && unlike === 0 && further <= allowed

const RECIPIENTS = 200
/** How long the server takes over each mail (ms): many are being sent when the fault comes. */
const SERVER_MS = 200
/** How many mails have arrived when the fault comes. */
const FAULT_AT = 40
/** One notifier's clock is set off by one of these (ms), the other's by the opposite. */
const OFFSETS_MS = [-300_000, -12_000, 12_000, 300_000] as const
/** Of the mails, so many are taken without a word where answers are dropped: one in so many. */
const DROP_EVERY = 20
const LIMIT_MS = 240_000

type World = Readonly<{
  sink: SmtpSink
  people: People
  /** The first notifier and its link to the database. */
  notifier: Controlled
  link: FaultProxy
  /** Mails that are pending or in somebody's hands. */
  waiting: () => Promise<number>
  ship: (workspace_id: string, by: Readonly<{ id: string; name: string }>) => Promise<void>
}>

const openWorld = async (run: PromiseRun, stack: AsyncDisposableStack): Promise<World> => {
  const { setting, seed, lease_ms } = run
  const { mongo, bus, keep, serving } = await openSmallWorld(setting, stack)
  const sink = stack.use(await startSmtpSink())
  const server = { host: '127.0.0.1', port: Number(new URL(mongo.url).port) }
  const start = async (service: string, number: number, offset_ms: number) => {
    const link = stack.use(await startFaultProxy(() => server))
    const process_ = keep(service, `${service}-${number}`, {
      MONGODB_URL: `mongodb://127.0.0.1:${link.port}/loops?directConnection=true`,
      SMTP_URL: sink.url,
      CLOCK_OFFSET_MS: `${offset_ms}`,
      ...(lease_ms === undefined ? {} : { LEASE_MS: `${lease_ms}` }),
    })
    return { process: process_, link }
  }
  const offset_ms = OFFSETS_MS[seed % OFFSETS_MS.length] ?? 0
  await start('migrator', 1, 0)
  await start('gateway', 1, 0)
  const first = await start('notifier', 1, offset_ms)
  await start('notifier', 2, -offset_ms)
  const people = stack.use(await openPeople(mongo.url))
  for (const service of ['gateway', 'notifier']) await serving(service, LIMIT_MS)
  const client = new MongoClient(mongo.url)
  stack.defer(() => client.close())
  const deliveries = client.db('loops_notifier').collection('deliveries')
  return {
    sink,
    people,
    notifier: first.process,
    link: first.link,
    waiting: () => deliveries.countDocuments({ status: { $in: ['pending', 'sending'] } }),
    ship: async (workspace_id, { id, name }) => {
      const data = shippedLoop({ loop_id: ids.next(), by: { user_id: id, name, client: 'Claude Code' } })
      const about = { service: 'loops-queue', workspace_id, entity_id: data.loop_id, version: data.version }
      for (const { id: event_id, subject, event } of stampEvents([{ name: 'loop.shipped', data }], {
        ...about,
        now: clock.now(),
        nextId: ids.next,
      }))
        await bus.js.publish(subject, JSON.stringify(event), { msgID: event_id })
    },
  }
}

type Injection = Readonly<{ how: string; do: () => Promise<void>; allowed: () => number }>

const injectionOf = (
  world: World,
  fault: PromiseFault,
  run: PromiseRun,
  chance: (n: number) => number,
): Injection => {
  const { sink, notifier, link } = world
  const offset = `clocks ${Math.abs(OFFSETS_MS[run.seed % OFFSETS_MS.length] ?? 0) / 1_000} s off`
  switch (fault) {
    case 'cut_off': {
      const [least, most] = run.cut_ms
      const cut_ms = least + chance(most - least + 1)
      const kind = run.cuts[chance(run.cuts.length)] ?? 'refuse'
      return {
        how: `${kind} for ${(cut_ms / 1_000).toFixed(1)} s, ${offset}`,
        do: async () => {
          link.inflict({ kind })
          await sleep(cut_ms)
          link.heal()
        },
        allowed: () => 0,
      }
    }
    case 'killed':
      return {
        how: `kill -9, ${offset}`,
        do: async () => {
          await notifier.kill()
          notifier.start()
        },
        allowed: () => IN_DOUBT,
      }
    case 'dropped': {
      let dropped = 0
      sink.misbehave(({ at }) => {
        if (at !== 'data') return undefined
        if (chance(DROP_EVERY) > 0) return { after: sleep(SERVER_MS) }
        dropped += 1
        return 'cut'
      })
      return { how: offset, do: async () => undefined, allowed: () => dropped }
    }
    default:
      return { how: offset, do: async () => undefined, allowed: () => 0 }
  }
}

const runFault = async (
  world: World,
  fault: PromiseFault,
  run: PromiseRun,
  chance: (n: number) => number,
): Promise<Copies> => {
  const { sink, people, ship, waiting } = world
  sink.misbehave(({ at }) => (at === 'data' ? { after: sleep(SERVER_MS) } : undefined))
  const host = `${ids.next().toLowerCase()}.example`
  const given = Array.from({ length: RECIPIENTS }, (_, n) => ({
    name: `Member ${n}`,
    email: `m${n}@${host}`,
  }))
  const { id, members } = await people.workspace('Large', given)
  const [shipper] = members
  if (!shipper) throw new Error('Some people were asked for.')
  const before = sink.mails.length
  const { how, do: act, allowed } = injectionOf(world, fault, run, chance)
  await ship(id, shipper)
  await sink.waitFor((mails) => mails.length >= before + FAULT_AT, LIMIT_MS)
  await act()
  await until(`every mail of ${fault} is at its end`, LIMIT_MS, async () => {
    const arrived = new Set(sink.mails.slice(before).flatMap(({ to }) => to))
    return (await waiting()) === 0 && arrived.size === RECIPIENTS
  })
  const arrived = sink.mails
    .slice(before)
    .flatMap(({ to, messageId }) => to.map((one) => ({ one, messageId })))
  const copies = Map.groupBy(arrived, ({ one }) => one)
  return {
    fault,
    how,
    recipients: RECIPIENTS,
    missing: members.filter(({ email }) => !copies.has(email)).length,
    further: arrived.length - copies.size,
    allowed: allowed(),
    unlike: [...copies.values()].filter((all) => new Set(all.map(({ messageId }) => messageId)).size > 1)
      .length,
  }
}

/** Injects each fault once, on servers of its own. @param onCopies takes what came of each */
export const runPromise = async (run: PromiseRun, onCopies: (copies: Copies) => void): Promise<Copies[]> => {
  await using stack = new AsyncDisposableStack()
  const world = await openWorld(run, stack)
  const chance = randomFrom(run.seed)
  const all: Copies[] = []
  for (const fault of FAULTS) {
    const copies = await runFault(world, fault, run, chance)
    onCopies(copies)
    all.push(copies)
  }
  return all
}
