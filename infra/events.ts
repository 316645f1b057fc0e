// `npm run events`: shows events and snapshots, redrives dead letters, and replays events.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bus, connectBus } from '../shared/bus/connect.ts'
import { eventFilter } from '../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../shared/contracts/index.ts'
import type { Chosen, DeadLetter } from '../shared/events/dead-letter-store.ts'
import { recheckJournal } from '../shared/events/journal-store.ts'
import { consumerNames, countReplay, replay } from '../shared/events/replay.ts'
import { tailEvents } from '../shared/events/tail.ts'
import { systemClock as clock } from '../shared/process/clock.ts'
import { processEnv } from '../shared/process/config.ts'
import { createLog } from '../shared/process/log.ts'
import { connectMongo, type Mongo } from '../shared/storage/mongo.ts'
import { recordedCommand } from './admin/recording.ts'
import { type Command, readCommand, USAGE } from './events/command-line.ts'
import { openAllDeadLetters } from './events/dead-letters.ts'
import { inFull, listed } from './events/show.ts'
import { takeSnapshot } from './events/snapshot.ts'
import { StartFault } from './report.ts'
import { runCommand, runningConfig } from './running.ts'
import { filterFor } from './subscribers/access.ts'

type As<C extends Command['command']> = Extract<Command, { command: C }>

/** How long to watch a redrive (ms). Services look for requested redrives every two seconds. */
const WATCH_MS = 15_000
const POLL_MS = 250
const MAX_WATCHED = 10_000

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

const dead = async (mongo: Mongo, { id, consumer, all, limit }: As<'dead'>): Promise<void> => {
  const deadLetters = await openAllDeadLetters(mongo, clock, consumer)
  if (id !== undefined) {
    const [letter] = await deadLetters.list({ ids: [id], redriven: true }, 1)
    if (!letter) throw new StartFault(`There is no dead letter ${id}: npm run events -- dead lists them.`)
    return say(inFull(letter))
  }
  const letters = await deadLetters.list({ redriven: all }, limit)
  for (const letter of letters) say(listed(letter))
  const count = await deadLetters.count({ redriven: all })
  if (count === 0) say('There are no dead letters.')
  else if (count > letters.length) say(`… and ${count - letters.length} more: raise --limit to see them.`)
  else say(`${plural(count, 'dead letter')}. To try one again: npm run events -- redrive ID`)
}

/** @throws StartFault when one of these ids does not exist. */
const requireAll = (ids: readonly string[], found: readonly DeadLetter[]): void => {
  const missing = ids.filter((id) => !found.some(({ _id }) => _id === id))
  if (missing.length > 0)
    throw new StartFault(
      `There is no dead letter ${missing.join(', ')}: npm run events -- dead --all lists them.`,
    )
}

const redrive = async (mongo: Mongo, { ids, consumer }: As<'redrive'>): Promise<number> => {
  const deadLetters = await openAllDeadLetters(mongo, clock, consumer)
  const chosen: Chosen = ids.length > 0 ? { ids, redriven: true } : {}
  const letters = await deadLetters.list(chosen, MAX_WATCHED)
  requireAll(ids, letters)
  const asked = await deadLetters.ask(chosen)
  if (asked === 0) {
    say(
      letters.length === 0
        ? 'There are no dead letters.'
        : 'All of them were too long to be kept whole, so none can be tried again.',
    )
    return 0
  }
  say(`Requested that ${plural(asked, 'event')} be tried again …`)
  const undone = async () =>
    (await deadLetters.list({ ids: letters.map(({ _id }) => _id) }, MAX_WATCHED)).filter(({ cut }) => !cut)
  const end_ms = clock.monotonicMs() + WATCH_MS
  let left = await undone()
  for (; left.some(({ asked_at }) => asked_at) && clock.monotonicMs() < end_ms; left = await undone())
    await sleep(POLL_MS)
  const failed = left.filter(({ asked_at }) => !asked_at)
  for (const letter of failed) say(listed(letter))
  const open = left.length - failed.length
  say(`${asked - left.length} succeeded, ${failed.length} failed again, ${open} not tried yet.`)
  if (open > 0) say('Their service is not running, or something that it needs is unavailable.')
  return left.length > 0 ? 1 : 0
}

const replayTo = async (bus: Bus, { consumer, since, dry }: As<'replay'>): Promise<void> => {
  const count = await (dry ? countReplay : replay)(bus, consumer, since)
  if (count === null)
    throw new StartFault(
      `There is no durable consumer ${consumer}: there are ${(await consumerNames(bus)).join(', ') || 'none'}.`,
    )
  const what = `${plural(count, 'event')} since ${since.toISOString()}`
  say(dry ? `${consumer} would get ${what}.` : `${consumer} gets ${what}.`)
}

const tail = async (bus: Bus, { type = '*.*', workspace, ...look }: As<'tail'>): Promise<void> => {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const filter = filterFor(eventFilter('*', type), workspace)
  // JSON has no control characters, and what is not JSON must not control the terminal.
  for await (const event of tailEvents(bus, { ...look, filter }, stop.signal))
    say(event.replace(/\p{Cc}/gu, ' '))
}

/** Writes and waits until the text is out, so that a slow reader fills no memory and gets the end before the exit. */
const written = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()))
  })

const snapshot = async (
  mongo: Mongo,
  bus: Bus,
  { workspace, ...narrowed }: As<'snapshot'>,
): Promise<void> => {
  if (workspace !== undefined) filterFor(undefined, workspace)
  const within = workspace === undefined ? {} : { workspace: workspace.toUpperCase() }
  for await (const line of takeSnapshot({ mongo, bus, clock }, { ...narrowed, ...within }))
    await written(`${JSON.stringify(line)}\n`)
}

const lost = async (mongo: Mongo): Promise<void> => {
  const now = clock.now()
  const counts = await Promise.all(CONTRACTS.map(({ name }) => recheckJournal(mongo.database(name), now)))
  const total = counts.reduce((sum, count) => sum + count, 0)
  say(
    `${plural(total, 'event')} of the last 72 hours to check: within seconds, each service looks for its own in the stream and publishes those that are missing again.`,
  )
}

/** The options of a command as the audit log has them. */
const targetOf = ({ command: _, ...options }: Command): Record<string, string> =>
  Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined && value !== false)
      .map(([name, value]) => [name, value instanceof Date ? value.toISOString() : String(value)]),
  )

/** Does what changes something or writes everything out, and records it. */
const recorded = <T>(mongo: Mongo, command: Command, work: () => Promise<T>): Promise<T> =>
  recordedCommand(
    mongo,
    `events ${command.command === 'lost' ? 'replay --lost' : command.command}`,
    targetOf(command),
    work,
  )

type Opening = Readonly<{ mongo: () => Promise<Mongo>; bus: () => Promise<Bus> }>

/** @returns the exit code */
const run = async (command: Exclude<Command, { command: 'help' }>, open: Opening): Promise<number> => {
  if (command.command === 'tail') await tail(await open.bus(), command)
  else if (command.command === 'replay' && command.dry) await replayTo(await open.bus(), command)
  else {
    const mongo = await open.mongo()
    if (command.command === 'dead') await dead(mongo, command)
    else if (command.command === 'redrive')
      return await recorded(mongo, command, () => redrive(mongo, command))
    else if (command.command === 'lost') await recorded(mongo, command, () => lost(mongo))
    else {
      const bus = await open.bus()
      await recorded(mongo, command, () =>
        command.command === 'replay' ? replayTo(bus, command) : snapshot(mongo, bus, command),
      )
    }
  }
  return 0
}

await runCommand(async () => {
  const command = readCommand(process.argv.slice(2), clock.now())
  if (command.command === 'help') {
    say(USAGE)
    return 0
  }
  const { MONGODB_URL = '', NATS_URL = '' } = runningConfig(processEnv(), ['MONGODB_URL', 'NATS_URL'])
  const log = createLog({ filter: 'error', topic: 'events' })
  await using stack = new AsyncDisposableStack()
  const mongo = async () => stack.use(await connectMongo(MONGODB_URL, log))
  const bus = async () => stack.use(await connectBus(NATS_URL, 'operator', log))
  // Awaited here, since the connections end with this function.
  return await run(command, { mongo, bus })
})
