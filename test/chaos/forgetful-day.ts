// A day of forgetful agents over some replicas, two of which are killed. The day passes in moments: what is stored of
// claims moves back by an hour at a time, while everybody sleeps.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Db } from 'mongodb'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import type { JournalEntry } from '../../shared/events/journal-store.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { type Controlled, openProcesses } from '../support/chaos/processes.ts'
import { until } from '../support/chaos/until.ts'
import { TEST_SECRET } from '../support/keys.ts'
import { openPeople } from '../support/people.ts'
import { randomFrom } from '../support/random.ts'
import { RUNTIMES, type Runtime } from '../support/runtimes.ts'
import { ids, openEnvironment, type TestEnvironment } from '../support/service-environment.ts'
import { openSimulatedTime, type SimulatedTime } from '../support/simulated-time.ts'
import { type ClaimsVerdict, insist, judgeClaims } from './claims-verdict.ts'
import { type Connection, type Day, type DayFigures, FATAL, forgetfulAgents } from './forgetful-agents.ts'

const SERVICES = ['tasks', 'loops-queue', 'gateway'] as const
const HOUR_MS = 3_600_000
const HOURS = 24
/** The hours at which a replica is killed. It starts again at once. */
const KILLS: ReadonlyMap<number, number> = new Map([
  [5, 0],
  [11, 1],
])
/** New work of each hour, until then. The rest of the day is there to finish it. */
const FILED_HOURLY = 4
const FILES_UNTIL = 14
const FATAL_TASKS = 3
/** Time of a call, and of a hasty one (ms). */
const CALL_MS = 2_000
const HASTY_MS = 80
const START_MS = 60_000
/** A claim that ended longer ago is expired by the next sweep (ms). */
const OVERDUE_MS = 3_000

export type DayOutcome = Readonly<{
  figures: DayFigures
  expiries: number
  /** All work but that which kills its workers. */
  verdict: ClaimsVerdict
  /** What kills its workers: its status, the attempts that expired, and what was said. */
  fatal: readonly Readonly<{ status: string; attempts: readonly unknown[]; comments: readonly string[] }>[]
  kills: number
}>

type World = Readonly<{
  env: TestEnvironment
  db: Db
  owner: Caller
  replicas: readonly Controlled[]
}>

/** Starts the replicas, each with its services in one process of its own, and a workspace. */
const open = async (runtimes: readonly Runtime[], stack: AsyncDisposableStack): Promise<World> => {
  const env = stack.use(await openEnvironment())
  const folder = await mkdtemp(join(tmpdir(), 'loops-forgetful-day-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  await mkdir(folder, { recursive: true })
  const processes = stack.use(openProcesses())
  const replicas = runtimes.map((runtime, n) => {
    const { command, args } = RUNTIMES[runtime]
    return processes.keep({
      name: `replica-${n + 1}`,
      command,
      args: [...args, join(import.meta.dirname, '../../services/run.ts'), ...SERVICES],
      logFile: join(folder, `replica-${n + 1}.log`),
      env: {
        NATS_URL: env.natsUrl,
        MONGODB_URL: env.mongodbUrl,
        LOOPS_SECRET: TEST_SECRET,
        PORT: '0',
        HOST: '127.0.0.1',
        PUBLIC_URL: 'http://localhost:4000',
        LOG: 'error',
      },
    })
  })
  for (const service of SERVICES)
    await until(`the ${service} serves`, START_MS, () =>
      env.bus.nc.request(`$SRV.PING.${service}`, '', { timeout: 1_000 }).then(Boolean),
    )
  const people = stack.use(await openPeople(env.mongodbUrl))
  const [owner] = (await people.workspace('Forgetful', [{ name: 'Ann' }])).members
  if (!owner) throw new Error('a workspace has an owner')
  const mongo = stack.use(await connectMongo(env.mongodbUrl, createLog({ filter: 'error', topic: 'day' })))
  return { env, db: mongo.database('tasks'), owner: owner.caller, replicas }
}

/** The day as agents know it. They work for the owner, and may not approve. */
const openDay = ({ env, owner }: World, time: SimulatedTime, seed: number): Day => {
  const hour = (): number => time.now_ms() / HOUR_MS
  return {
    hour,
    sleep: (hours) => time.sleep(hours * HOUR_MS),
    isOver: () => hour() >= HOURS,
    random: randomFrom(seed),
    nextKey: () => ids.next(),
    connect: (client): Connection => {
      const caller: Caller = {
        ...owner,
        grant_id: ids.next(),
        client_name: client,
        scopes: ['loops:read', 'loops:write'],
      }
      return {
        client,
        tasks: env.as(tasks, caller, CALL_MS),
        loops: env.as(loopsQueue, caller, CALL_MS),
        hasty: env.as(loopsQueue, caller, HASTY_MS),
      }
    },
    figures: {
      ...{ completed: [], claims: 0, handed: new Set(), handed_twice: [], late: 0, met: new Map() },
    },
  }
}

/** The person: files work and approves it; looks at what was put on hold, and approves what kills nobody again. */
const person =
  ({ env, owner }: World, day: Day) =>
  async (): Promise<void> => {
    const [asTasks, asLoops] = [env.as(tasks, owner, CALL_MS), env.as(loopsQueue, owner, CALL_MS)]
    const ask = <T>(work: () => Promise<T>): Promise<T> => insist(day.figures.met, work)
    const key = day.nextKey()
    const { loop } = await ask(() => asLoops.create_loop({ name: 'Today', idempotency_key: key }))
    const approve = (task_ids: readonly string[]) =>
      task_ids.length > 0 &&
      ask(() => asTasks.bulk_update_tasks({ task_ids: [...task_ids], status: 'approved' }))
    for (; !day.isOver(); await day.sleep(1)) {
      const hour = day.hour()
      const titles = [
        ...Array.from({ length: hour < FILES_UNTIL ? FILED_HOURLY : 0 }, (_, n) => `Hour ${hour}, part ${n}`),
        ...Array.from({ length: hour === 0 ? FATAL_TASKS : 0 }, () => FATAL),
      ]
      const { tasks: held } = await ask(() => asTasks.list_tasks({ status: 'on_hold', scope: 'all' }))
      await approve(held.filter(({ title }) => title !== FATAL).map(({ id }) => id))
      if (titles.length === 0) continue
      const idempotency_key = day.nextKey()
      const filed = { tasks: titles.map((title) => ({ title, body: `Do it: ${title}.` })), loop_id: loop.id }
      const { results } = await ask(() => asTasks.create_tasks({ ...filed, idempotency_key }))
      await approve(results.flatMap(({ task }) => task?.id ?? []))
    }
  }

/** Lets the hours pass. Each ends the claims that it outlasts before anybody wakes. */
const passDay = async (
  { db, owner, replicas }: World,
  time: SimulatedTime,
  kills: Set<number>,
): Promise<void> => {
  const stored = db.collection<TaskDoc>('tasks')
  const claimed = { ws: owner.workspace_id, 'claim.until': { $type: 'date' } } as const
  for (let hour = 1; await time.allAsleep(); hour += 1) {
    await stored.updateMany(claimed, [{ $set: { 'claim.until': { $subtract: ['$claim.until', HOUR_MS] } } }])
    await until('claims expire', START_MS, async () => {
      const overdue = { $lt: new Date(Date.now() - OVERDUE_MS) }
      return (await stored.countDocuments({ ...claimed, 'claim.until': overdue })) === 0
    })
    time.pass(HOUR_MS)
    const victim = replicas[KILLS.get(hour) ?? replicas.length]
    if (!victim) continue
    await victim.kill()
    victim.start()
    kills.add(hour)
  }
}

/** What became of the work that kills its workers. */
const fatalTasks = async (db: Db, ws: string): Promise<DayOutcome['fatal']> => {
  const stored = await db.collection<TaskDoc>('tasks').find({ ws, title: FATAL }).toArray()
  return await Promise.all(
    stored.map(async ({ _id, status }) => {
      const expired = { 'event.subject': _id, 'event.type': 'task.claim_expired' }
      const events = await db
        .collection<JournalEntry>('events')
        .find(expired)
        .sort({ 'event.sequence': 1 })
        .toArray()
      const comments = await db
        .collection<{ parent: string; text: string }>('comments')
        .find({ parent: _id })
        .toArray()
      return {
        status,
        attempts: events.map(({ event }) => event.data.attempt),
        comments: comments.map(({ text }) => text),
      }
    }),
  )
}

/**
 * Runs the day and judges it.
 * @param runtimes of the replicas, at least two of which are killed.
 */
export const runForgetfulDay = async (runtimes: readonly Runtime[], seed: number): Promise<DayOutcome> => {
  await using stack = new AsyncDisposableStack()
  const world = await open(runtimes, stack)
  const { db, owner } = world
  const time = openSimulatedTime()
  const day = openDay(world, time, seed)
  const kills = new Set<number>()
  const lives = [person(world, day), ...forgetfulAgents(day)]
  await Promise.all([...lives.map((life) => time.live(life)), passDay(world, time, kills)])
  const ws = owner.workspace_id
  const work = await db
    .collection<TaskDoc>('tasks')
    .find({ ws, title: { $ne: FATAL } })
    .project({ _id: 1 })
    .toArray()
  const of: ReadonlySet<string> = new Set(work.map(({ _id }) => String(_id)))
  const { expiries, ...verdict } = await judgeClaims(db, ws, day.figures.completed, of)
  return { figures: day.figures, expiries, verdict, fatal: await fatalTasks(db, ws), kills: kills.size }
}
