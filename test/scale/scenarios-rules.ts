// The installations and loads that are simulated: stations with their servers, and the way of each call through them. Pure.
//
// A large one is simulated as a slice: the same part of its replicas, shards, workspaces and callers. A slice has fewer
// servers to choose among than the whole, so that its waiting is rather too long than too short.
import { CALLS, type CallName, type Costs, PLACES, type UnitCost } from './costs-rules.ts'
import type { Kind, Model, Outage, Source, Station, Step } from './engine-rules.ts'

/** What an installation consists of. `cores` is what each replica of a service has. */
export type Setup = Readonly<{
  replicas: number
  cores: number
  shards: number
  mongodb_cores: number
  nats_cores: number
  smtp_connections: number
  workspaces: number
  /**
   * Where everything runs on one machine, as in a calibration: the cores that it has for it, and the processor time that
   * whoever calls takes of them for a call (ms).
   */
  machine?: Readonly<{ cores: number; caller_ms: number }>
}>
/** One thing to find out. `slice`: which part of the installation is simulated, 10 for a tenth. */
export type Scenario = Readonly<{
  name: string
  setup: Setup
  slice: number
  sources: readonly Source[]
  outages?: readonly Outage[]
  warm_ms: number
  until_ms: number
}>

/** Only one at a time in a workspace: a new order of its queue, and claims, which all want the same first tasks. */
export const QUEUE = 'queue of a workspace'
const ONE_AT_A_TIME: ReadonlySet<string> = new Set(['claim_next_work', 'ship_loop'])
const DISK = 'disk of MongoDB'
const SMTP = 'mail server'
const MACHINE = 'the machine'
const UNBOUNDED = 1e9
const SEED = 14

/** A replica always has some time for calls, however little it is given. */
const LEAST_SPEED = 0.005

const stationsOf = (setup: Setup, slice: number, idle_cores: Costs['idle_cores']): Station[] => {
  const part = (whole: number): number => Math.max(1, Math.round(whole / slice))
  const shards = Math.max(1, Math.floor(setup.shards / slice))
  const primary = Math.max(1, Math.round((setup.shards * setup.mongodb_cores) / slice / shards))
  return [
    ...PLACES.map((name) => {
      if (name === 'mongodb') return { name, groups: shards, servers: primary }
      if (name === 'nats') return { name, groups: 1, servers: part(setup.nats_cores) }
      // A process of Node uses one core, or the part of one that it is given, and some of it while nothing happens.
      return {
        name,
        groups: part(setup.replicas),
        servers: 1,
        speed: Math.max(LEAST_SPEED, Math.min(1, setup.cores) - idle_cores[name]),
        any: true as const,
      }
    }),
    { name: QUEUE, groups: part(setup.workspaces), servers: 1 },
    // Writes wait for the journal together.
    { name: DISK, groups: 1, servers: UNBOUNDED },
    { name: SMTP, groups: 1, servers: part(setup.smtp_connections) },
    ...(setup.machine
      ? [
          {
            name: MACHINE,
            groups: 1,
            servers: Math.ceil(setup.machine.cores),
            speed: setup.machine.cores / Math.ceil(setup.machine.cores),
          },
        ]
      : []),
  ]
}

const stepsOf = (cost: UnitCost, write_ms: number, isSerial: boolean): Step[] => {
  const steps: Step[] = PLACES.map((station) => ({ station, mean_ms: cost.cpu_ms[station] }))
  // The caller waits for one durable write of all that a call makes.
  if (cost.writes > 0) steps.push({ station: isSerial ? QUEUE : DISK, mean_ms: write_ms, fixed: true })
  return steps.filter(({ mean_ms }) => mean_ms > 0)
}

const kindsOf = (costs: Costs): Kind[] => {
  const { write, smtp } = costs.wait_ms
  const calls = CALLS.map((name): Kind => {
    const cost = costs.calls[name]
    const followed_by = [
      ...Array.from({ length: Math.round(cost.events) }, () => 'event'),
      ...(name === 'ship_loop' ? ['mail', 'webhook'] : []),
    ]
    return { name, steps: stepsOf(cost, write, ONE_AT_A_TIME.has(name)), followed_by }
  })
  const mail = [...stepsOf(costs.mail, write, false), { station: SMTP, mean_ms: smtp }]
  return [
    ...calls,
    { name: 'event', steps: stepsOf(costs.event, write, false) },
    { name: 'mail', steps: mail.filter(({ mean_ms }) => mean_ms > 0) },
    { name: 'webhook', steps: stepsOf(costs.webhook, write, false) },
  ]
}

/** With one machine under them all, each job takes its processor time of it too. */
const onMachine = (kinds: readonly Kind[], caller_ms: number): Kind[] =>
  kinds.map((kind) => {
    const own = kind.steps.filter(({ station }) => (PLACES as readonly string[]).includes(station))
    const asked = (CALLS as readonly string[]).includes(kind.name) ? caller_ms : 0
    const mean_ms = own.reduce((sum, step) => sum + step.mean_ms, asked)
    return { ...kind, steps: [...kind.steps, { station: MACHINE, mean_ms }] }
  })

/** The model of a scenario with these costs. */
export const modelOf = (
  costs: Costs,
  { setup, slice, sources, outages = [], warm_ms, until_ms }: Scenario,
): Model => ({
  seed: SEED,
  stations: stationsOf(setup, slice, costs.idle_cores),
  kinds: setup.machine ? onMachine(kindsOf(costs), setup.machine.caller_ms) : kindsOf(costs),
  sources,
  outages,
  warm_ms,
  until_ms,
})

const setupOf = (replicas: number, workspaces: number): Setup => ({
  replicas,
  cores: 1,
  shards: Math.max(1, replicas / 10),
  mongodb_cores: 8,
  nats_cores: Math.max(2, replicas / 5),
  smtp_connections: 5 * replicas,
  workspaces,
})

/** What an agent does all day. */
const DAY: readonly CallName[] = ['claim_next_work', 'get_task', 'update_task', 'complete_task']
const MIXED: readonly CallName[] = [...DAY, 'create_task', 'list_tasks', 'get_next_work']
/** So many callers for each replica, who never pause, find the most calls that it can do. */
const CALLERS = 32
/** An agent makes a call a minute. */
const PAUSE_MS = 60_000

const busy = (name: string, replicas: number, workspaces: number, slice: number): Scenario => ({
  name,
  setup: setupOf(replicas, workspaces),
  slice,
  sources: [
    {
      type: 'closed',
      kinds: MIXED,
      keys: workspaces,
      count: (CALLERS * replicas) / slice,
      pause_ms: 0,
    },
  ],
  warm_ms: 2_000,
  until_ms: 10_000,
})

const fleet = (name: string, outages: readonly Outage[] = []): Scenario => ({
  name,
  setup: setupOf(20, 10_000),
  slice: 10,
  sources: [{ type: 'closed', kinds: DAY, keys: 10_000, count: 10_000, pause_ms: PAUSE_MS }],
  outages,
  warm_ms: PAUSE_MS,
  until_ms: 600_000,
})

const burst: Scenario = {
  name: 'a burst of 100,000 tasks',
  setup: setupOf(10, 10_000),
  slice: 1,
  sources: [{ type: 'burst', kinds: ['create_task'], keys: 10_000, count: 100_000 }],
  warm_ms: 0,
  until_ms: 600_000,
}

/** Half of the replicas are gone for five minutes, and the primaries for the ten seconds of their election. */
const lostRegion: readonly Outage[] = [
  ...PLACES.filter((name) => name !== 'mongodb' && name !== 'nats').map((station) => ({
    station,
    share: 0.5,
    from_ms: 120_000,
    until_ms: 420_000,
  })),
  { station: 'mongodb', share: 0, from_ms: 120_000, until_ms: 130_000 },
]

/** All scenarios, in the order of the table. */
export const SCENARIOS: readonly Scenario[] = [
  busy('1 replica', 1, 10_000, 1),
  busy('10 replicas', 10, 10_000, 1),
  busy('100 replicas', 100, 10_000, 10),
  busy('10 replicas, 10 workspaces', 10, 10, 1),
  busy('10 replicas, 1,000,000 workspaces', 10, 1_000_000, 1),
  fleet('100,000 agents, a call a minute each, 20 replicas'),
  burst,
  fleet('the same agents, and half of the replicas lost', lostRegion),
]
