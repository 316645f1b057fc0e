// Many agents race for the tasks of one workspace while replicas, NATS and MongoDB are killed. Agents die with what they
// hold, come back as somebody new, and some go on after their claim has expired. All is judged by the journal afterwards.
import { setTimeout as sleep } from 'node:timers/promises'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { client as clientOf } from '../../shared/bus/client.ts'
import type { Bus } from '../../shared/bus/connect.ts'
import { startBudget } from '../../shared/bus/headers.ts'
import { signer } from '../../shared/bus/signature.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { Call, Caller } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import type { ClaimedTask } from '../../shared/contracts/tasks/shapes.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import type { Controlled } from '../support/chaos/processes.ts'
import { until } from '../support/chaos/until.ts'
import { keysOf } from '../support/keys.ts'
import { openPeople } from '../support/people.ts'
import { randomFrom } from '../support/random.ts'
import { runtimesOf } from '../support/runtimes.ts'
import { type ClaimsVerdict, type Completion, insist, judgeClaims, OUTCOME } from './claims-verdict.ts'
import { openSmallWorld, type SmallWorld } from './small-world.ts'
import { SECRET, type Setting } from './world.ts'

const ids = systemIds()

export type ClaimsRace = Readonly<{
  setting: Omit<Setting, 'size'>
  agents: number
  tasks: number
  replicas: number
  /** Kills, spread over the work. */
  faults: number
  seed: number
}>

/** What was counted. */
export type RaceFigures = {
  completed: Completion[]
  claims: number
  deaths: number
  faults: number
  /** Refusals and failures that agents met, by code. */
  met: Map<string, number>
  elapsed_ms: number
}

/** What was counted, and what the journal and the documents say afterwards. */
export type RaceOutcome = ClaimsVerdict & Readonly<{ figures: RaceFigures; expiries: number }>

const SERVICES = ['tasks', 'loops-queue', 'gateway'] as const
const START_MS = 120_000
const CALL_MS = 4_000
const PAUSE_MS = 150
/** Of so many claims an agent dies with one. */
const DIES_ONCE_IN = 12
/** Of so many claims one is thought to be dead although its agent goes on. */
const LATE_ONCE_IN = 15
const LOOPS = 8

/** The services of a world as an agent, or somebody else, asks them. */
const askers = (bus: Bus, caller: Caller) => {
  const keys = keysOf('gateway', SECRET)
  const gateway = { ...bus, keys, sign: signer(keys, clock, ids.next()) }
  const call = (): Call => ({ caller, request_id: ids.next(), ...startBudget(clock, CALL_MS) })
  return {
    tasks: clientOf(gateway, tasks),
    loops: clientOf(gateway, loopsQueue),
    call,
    client: caller.client_name,
  }
}
type Asker = ReturnType<typeof askers>

type Racing = Readonly<{
  race: ClaimsRace
  world: SmallWorld
  mongo: Mongo
  owner: Caller
  figures: RaceFigures
  random: (n: number) => number
  /** Labels of those whose claims are to expire. */
  overdue: Set<string>
}>

/** Completes one claimed task, and tells nobody if it was lost meanwhile. */
const complete = async (
  { figures }: Racing,
  { loops, call, client }: Asker,
  { task, claim_id, fence }: ClaimedTask,
  label: string,
): Promise<void> => {
  const asked = { task_id: task.id, claim_id, agent: label, outcome: `${OUTCOME}${label}.` }
  try {
    await insist(figures.met, () => loops.complete_task(asked, call()))
    figures.completed.push({ task_id: task.id, fence, client })
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'claim_lost')) throw error
  }
}

/** One agent, from its first claim until nothing is left. It dies now and then, and comes back as somebody new. */
const work = async (racing: Racing, number: number, isOver: () => boolean): Promise<void> => {
  const { race, world, owner, figures, random, overdue } = racing
  const caller = { ...owner, grant_id: ids.next(), client_name: `agent ${number}` }
  const asker = askers(world.bus, caller)
  let label = `agent ${number}, life 1`
  for (let life = 1; !isOver(); ) {
    const asked = { agent: label, idempotency_key: ids.next() }
    const { claims } = await insist(figures.met, () => asker.loops.claim_next_work(asked, asker.call()))
    const [claimed] = claims
    if (!claimed) {
      await sleep(PAUSE_MS)
      continue
    }
    figures.claims += 1
    if (random(DIES_ONCE_IN) === 0 && figures.completed.length < race.tasks) {
      figures.deaths += 1
      overdue.add(label)
      label = `agent ${number}, life ${++life}`
      continue
    }
    if (random(LATE_ONCE_IN) === 0) await expireLate(racing, claimed.task.id)
    await complete(racing, asker, claimed, label)
  }
}

/** As if the term of a claim had passed, whether or not its agent goes on. */
const expireLate = async ({ mongo }: Racing, task_id: string): Promise<void> => {
  const past = new Date(clock.now().getTime() - 60_000)
  const stored = mongo.database('tasks').collection<TaskDoc>('tasks')
  await stored
    .updateOne({ _id: task_id, 'claim.until': { $type: 'date' } }, { $set: { 'claim.until': past } })
    .catch(() => undefined)
}

/** Lets time pass for the dead, and has what was put on hold approved again, until all is shipped. */
const keepHouse = async (racing: Racing, isOver: () => boolean): Promise<void> => {
  const { mongo, world, owner, overdue, figures } = racing
  const stored = mongo.database('tasks').collection<TaskDoc>('tasks')
  const asker = askers(world.bus, owner)
  while (!isOver()) {
    const past = new Date(clock.now().getTime() - 60_000)
    try {
      await stored.updateMany(
        { ws: owner.workspace_id, status: 'in_progress', 'claim.holder.agent': { $in: [...overdue] } },
        { $set: { 'claim.until': past } },
      )
      const held = await stored
        .find({ ws: owner.workspace_id, status: 'on_hold' })
        .project({ _id: 1 })
        .toArray()
      for (const { _id } of held)
        await insist(figures.met, () =>
          asker.tasks.update_task({ task_id: _id, status: 'approved' }, asker.call()),
        )
    } catch {
      // The database is being killed: look again.
    }
    await sleep(PAUSE_MS)
  }
}

/** Kills one part after the other, each after its share of the work is done, and starts it again. */
const disturb = async (
  { race, world, figures, random }: Racing,
  replicas: readonly Controlled[],
  isOver: () => boolean,
): Promise<void> => {
  const servers = [...world.mongo.servers, ...world.nats.servers].map(({ process }) => process)
  for (let fault = 1; fault <= race.faults; fault += 1) {
    while (figures.completed.length < (race.tasks * fault) / (race.faults + 1)) {
      if (isOver()) return
      await sleep(PAUSE_MS)
    }
    // Every third one hits a server, in turn; the others hit a replica.
    const victim = fault % 3 === 0 ? servers[fault % servers.length] : replicas[random(replicas.length)]
    await victim?.kill()
    victim?.start()
    figures.faults += 1
  }
}

/** Makes loops with approved tasks. */
const fill = async ({ world, owner, race, figures }: Racing): Promise<void> => {
  const asker = askers(world.bus, owner)
  const task_ids: string[] = []
  const loop_ids: string[] = []
  for (let n = 0; n < LOOPS; n += 1)
    loop_ids.push(
      (await insist(figures.met, () => asker.loops.create_loop({ name: `Loop ${n}` }, asker.call()))).loop.id,
    )
  for (let n = 0; n < race.tasks; n += 1) {
    const asked = { title: `Task ${n}`, body: `Do ${n}.`, loop_id: loop_ids[n % LOOPS] }
    task_ids.push((await insist(figures.met, () => asker.tasks.create_task(asked, asker.call()))).task.id)
  }
  for (let from = 0; from < task_ids.length; from += LIMITS.bulk_tasks) {
    const some = task_ids.slice(from, from + LIMITS.bulk_tasks)
    await asker.tasks.bulk_update_tasks({ task_ids: some, status: 'approved' }, asker.call())
  }
}

/** Starts the replicas and a workspace. */
const open = async (race: ClaimsRace, stack: AsyncDisposableStack) => {
  const world = await openSmallWorld(race.setting, stack)
  world.keep('migrator', 'migrator')
  const replicas = SERVICES.flatMap((service) =>
    runtimesOf(race.replicas).map((runtime, n) =>
      world.keep(
        service,
        `${service}-${n + 1}`,
        { HOST: '127.0.0.1', PUBLIC_URL: 'http://localhost:4000' },
        runtime,
      ),
    ),
  )
  for (const service of SERVICES.slice(0, 2)) await world.serving(service, START_MS)
  await world.serving('gateway', START_MS)
  const people = stack.use(await openPeople(world.mongo.url))
  const [owner] = (await people.workspace('Race', [{ name: 'Ann' }])).members
  if (!owner) throw new Error('a workspace has an owner')
  const log = createLog({ filter: 'error', topic: 'race' })
  const mongo = stack.use(await connectMongo(world.mongo.url, log))
  return { world, replicas, owner: owner.caller, mongo }
}

/** Runs a race and judges it. */
export const runClaimsRace = async (race: ClaimsRace): Promise<RaceOutcome> => {
  await using stack = new AsyncDisposableStack()
  const { world, replicas, owner, mongo } = await open(race, stack)
  const figures: RaceFigures = {
    ...{ completed: [], claims: 0, deaths: 0, faults: 0, met: new Map(), elapsed_ms: 0 },
  }
  const racing: Racing = {
    ...{ race, world, mongo, owner, figures },
    random: randomFrom(race.seed),
    overdue: new Set(),
  }
  await fill(racing)
  const stored = mongo.database('tasks').collection<TaskDoc>('tasks')
  const began_ms = clock.monotonicMs()
  let over = false
  const isOver = () => over
  const all = [
    ...Array.from({ length: race.agents }, (_, n) => work(racing, n + 1, isOver)),
    keepHouse(racing, isOver),
    disturb(racing, replicas, isOver),
    // Whoever waits for the end also ends the others when it never comes.
    until('every task is shipped', race.tasks * 1_000 + START_MS, async () => {
      const open_tasks = await stored.countDocuments({ ws: owner.workspace_id, status: { $ne: 'shipped' } })
      return open_tasks === 0
    }).finally(() => {
      over = true
      figures.elapsed_ms = clock.monotonicMs() - began_ms
    }),
  ]
  await Promise.all(all)
  return { figures, ...(await judgeClaims(mongo.database('tasks'), owner.workspace_id, figures.completed)) }
}
