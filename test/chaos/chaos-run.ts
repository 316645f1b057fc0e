// One run from beginning to end: a world, agents at work, faults as scheduled, quiet, and the verdict.
import { formatMs, type Report } from '../../infra/report.ts'
import { IN_DOUBT } from '../../services/notifier/sender.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { type Account, joinWorkspace, signUp } from '../support/accounts.ts'
import { until } from '../support/chaos/until.ts'
import { ERAS } from '../support/mcp-client.ts'
import { randomFrom } from '../support/random.ts'
import type { Common } from './commands.ts'
import { faultsOf, injectFaults, rosterOf } from './faults.ts'
import type { Tending } from './kubelet.ts'
import { countOf, openLedger } from './ledger.ts'
import { openAgent, patient, workUntil } from './load.ts'
import { readOutcome } from './outcome.ts'
import { type Inside, lookInside, untilQuiet } from './quiet.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { type ScheduledFault, scheduleOf, type Way } from './schedule.ts'
import { type Subscriber, startSubscriber } from './subscriber.ts'
import { judge, type Line, tableOf } from './verdict.ts'
import { openWorld, type Setting, type World } from './world.ts'

export type ChaosRun = Readonly<{
  setting: Setting
  seed: number
  /** How long faults come, and the mean time from one to the next (ms). */
  duration_ms: number
  gap_ms: number
  /** How long pending work may take after that (ms). */
  quiet_ms: number
  /** Ways that are left out. */
  without?: readonly Way[]
  /** The faults, where the seed is not to choose them. */
  schedule?: readonly ScheduledFault[]
  report: Report
}>

/** How it ended: every line is kept, or says what is broken; `text` is all of it for people. */
export type Verdict = Readonly<{
  lines: readonly Line[]
  text: string
  /** What whoever watches the probes did; empty without. */
  tending: readonly Tending[]
}>

const MEMBERS = ['Tarek', 'Yuki'] as const
/** Characters that are shown of the last line of a service that ended. */
const MAX_WORDS = 120

/** The owner of a workspace and its members, signed up. */
export const people = async (world: World): Promise<readonly Account[]> => {
  const { sink } = world.mail
  const mails = async () => sink.mails.toReversed()
  const owner = await signUp(world, { name: 'Maren', workspace: 'Fjordline' })
  const accounts = [owner]
  for (const name of MEMBERS) accounts.push(await joinWorkspace({ url: world.url, mails }, owner, { name }))
  return accounts
}

/** Adds a webhook for all events. */
export const nameReceiver = async (owner: Account, { url }: Receiver): Promise<void> => {
  const { status, text } = await owner.browser.submit('/workspace/webhooks/add_webhook', {
    url,
    description: '',
  })
  if (status !== 200) throw new Error(`The receiver was not taken: ${status} ${text.slice(0, 500)}`)
}

/**
 * How many mails may come twice: those that the server took without a reply or on a connection that broke, and those
 * that a notifier was sending when it failed itself.
 */
const mostCopies = ({ mail }: World, schedule: readonly ScheduledFault[]): number =>
  mail.dropped() + mail.proxy.broken() + faultsOf(schedule, 'notifier').length * IN_DOUBT

const summary = (
  { ledger }: Common,
  schedule: readonly ScheduledFault[],
  world: World,
  subscriber: Subscriber,
): string[] => {
  const counts = (map: ReadonlyMap<string, number>): string =>
    [...map].map(([what, count]) => `${what} ${count}`).join(', ') || 'none'
  const ways = new Map<string, number>()
  for (const { way } of schedule) countOf(ways, way)
  const falls = new Map<string, number>()
  for (const { name, falls: words } of world.services)
    for (const word of words()) countOf(falls, `${name}, “${word.slice(0, MAX_WORDS)}”`)
  const tended = new Map<string, number>()
  for (const { name, what } of world.kubelet?.history() ?? []) countOf(tended, `${name} ${what}`)
  return [
    `faults: ${counts(ways)}`,
    `acknowledged: ${ledger.acked.length}; refused: ${counts(ledger.refused)}`,
    `repeated after: ${counts(ledger.retried)}`,
    `services that ended by themselves and were started again: ${counts(falls)}`,
    ...(world.kubelet ? [`by their probes: ${counts(tended)}`] : []),
    `events: ${subscriber.seen.size} seen, ${subscriber.repeats()} of them again; mails: ${world.mail.sink.mails.length}, ${world.mail.dropped()} taken without a reply`,
  ]
}

/** Has the agents work while faults are injected. */
const workUnderFaults = async (
  world: World,
  run: ChaosRun,
  accounts: readonly Account[],
  common: Common,
  schedule: readonly ScheduledFault[],
  subscriber: Subscriber,
): Promise<void> => {
  const { report, seed } = run
  const began = clock.monotonicMs()
  const end = new AbortController()
  const agents = accounts.flatMap((account, index) =>
    [0, 1].map((n) =>
      workUntil(common, account, ERAS[(index * 2 + n) % ERAS.length] ?? 'modern', end.signal),
    ),
  )
  const beat = setInterval(() => {
    const { acked } = common.ledger
    report.progress(
      `  ${formatMs(clock.monotonicMs() - began)}: ${acked.length} acknowledged, ${subscriber.seen.size} events seen, ${world.mail.sink.mails.length} mails`,
    )
  }, 1_000)
  const random = randomFrom(seed + 1)
  try {
    await until('agents are at work', 30_000, async () => common.ledger.acked.length > 10)
    await injectFaults(world, schedule, () => random(1_000) / 1_000, report.step)
    end.abort()
    await Promise.all(agents)
  } finally {
    end.abort()
    clearInterval(beat)
  }
}

/** Starts a world, injects the faults, and judges what is left. */
export const runChaos = async (run: ChaosRun): Promise<Verdict> => {
  const { report, seed, setting, duration_ms, gap_ms, quiet_ms, without = [] } = run
  report.step(
    `Starting ${setting.size} NATS, ${setting.size} MongoDB and two of each service in ${setting.folder} …`,
  )
  await using world = await openWorld(setting)
  const accounts = await people(world)
  await using subscriber = await startSubscriber(world.nats.urlOf('observer'))
  await using receiver = await startReceiver()
  await nameReceiver(accounts[0] as Account, receiver)
  await using inside: Inside = await lookInside(world)
  const roster = Object.fromEntries(
    Object.entries(rosterOf(world)).filter(([way]) => !without.includes(way as Way)),
  )
  const schedule = run.schedule ?? scheduleOf(seed, duration_ms, roster, gap_ms)
  const common: Common = {
    url: world.url,
    ledger: openLedger(),
    tasks: [],
    loops: [],
    random: randomFrom(seed + 2),
  }
  await using reader = await openAgent(common, accounts[0] as Account, 'modern')
  report.step(`Injecting ${schedule.length} faults in ${formatMs(duration_ms)} with seed ${seed}`)
  await workUnderFaults(world, run, accounts, common, schedule, subscriber)
  await world.ready()
  const healed = clock.monotonicMs()
  const pending = await untilQuiet(inside, subscriber, quiet_ms, report.progress)
  report.step(`Quiet after ${formatMs(clock.monotonicMs() - healed)}; reading everything …`)
  const members = accounts.map(({ email }) => email)
  const outcome = await readOutcome(patient(common, reader), inside, subscriber, {
    pending,
    members,
    mails: world.mail.sink.mails,
    called: receiver.called,
  })
  const lines = judge(common.ledger, outcome, mostCopies(world, schedule))
  const text = [`seed ${seed}`, ...summary(common, schedule, world, subscriber), '', tableOf(lines)].join(
    '\n',
  )
  return { lines, text, tending: [...(world.kubelet?.history() ?? [])] }
}
