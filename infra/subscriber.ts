// `npm run subscriber`: adds, lists and removes other teams' programs that read events.
import { existsSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { newUserKey } from '../shared/bus/nkey.ts'
import { EVENTS_STREAM } from '../shared/events/streams.ts'
import { systemClock } from '../shared/process/clock.ts'
import { processEnv, readConfig } from '../shared/process/config.ts'
import { createLog } from '../shared/process/log.ts'
import { connectMongo } from '../shared/storage/mongo.ts'
import { recordedCommand } from './admin/recording.ts'
import { StartFault } from './report.ts'
import { runCommand, runningConfig } from './running.ts'
import { checkName, filterFor, SUBSCRIBERS_DOMAIN, type Subscriber } from './subscribers/access.ts'
import { findInstallation, type Installation } from './subscribers/installation.ts'
import { readSubscribers, writeSubscribers } from './subscribers/registry.ts'

const USAGE = `npm run subscriber -- add NAME [--events FILTER] [--workspace ID] [--save FILE]
npm run subscriber -- list
npm run subscriber -- remove NAME

--events     which events, such as 'evt.tasks.>'; default: all
--workspace  the id of one workspace, which its page shows; default: all workspaces
--save       a new file for the settings; default: print them
--folder     for NATS servers with infra/nats.conf: the folder that they include, infra/nats-users

Without --folder, the command changes the NATS server that npm start runs with this DATA_DIR.
`

/** Resolves a path from the folder where npm was called, since npm runs this in the project's folder. */
const fromCaller = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : resolve(processEnv().INIT_CWD ?? '.', path)

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** The servers of infra/compose.yaml, for containers in their network. */
const COMPOSE_SERVERS = 'nats://nats-1,nats://nats-2,nats://nats-3'

/**
 * The settings of a subscriber's program, as an environment file. The values have no quotes and need none: shells would
 * remove quotes, and `docker --env-file` would keep them.
 */
const settings = ({ name, filter }: Subscriber, seed: string, url: string): string =>
  Object.entries({
    NATS_URL: url,
    NATS_SEED: seed,
    SUBSCRIBER: name,
    EVENTS: filter,
    STREAM: EVENTS_STREAM,
    DOMAIN: SUBSCRIBERS_DOMAIN,
  })
    .map(([setting, value]) => `${setting}=${value}\n`)
    .join('')

/** @throws StartFault if the file exists, since it may hold another key */
const requireNew = (file: string | undefined): void => {
  if (file !== undefined && existsSync(file))
    throw new StartFault(`${file} exists already: save the settings in another file.`)
}

/** Writes the settings to a file that only its owner can read, or to the terminal. */
const handOver = (subscriber: Subscriber, text: string, file: string | undefined): void => {
  const { name, filter } = subscriber
  say(`${name} may read ${filter} with the durable consumer ${name}. Its seed is not shown again.\n`)
  if (file !== undefined) writeFileSync(file, text, { mode: 0o600 })
  const given = file === undefined ? text.trim().replaceAll('\n', ' ') : ''
  const flag = file === undefined ? '' : ` --env-file=${file}`
  if (file === undefined) say(text)
  say(`Try it: ${given}${given && ' '}${process.execPath}${flag} infra/examples/subscriber.ts\n`)
}

type Asked = Readonly<{ events?: string; workspace?: string; save?: string; folder?: string }>

/**
 * The database with the audit log; undefined where there is none that belongs to the subscribers: the list of a folder may
 * be that of another installation than the one that runs with this DATA_DIR.
 */
const databaseOf = (folder: string | undefined): string | undefined => {
  if (folder !== undefined) return readConfig(processEnv()).MONGODB_URL
  try {
    return runningConfig(processEnv(), ['MONGODB_URL']).MONGODB_URL
  } catch (error) {
    if (error instanceof StartFault) return undefined
    throw error
  }
}

/** Does what the command changes. It is in the audit log, unless there is no database; then the terminal says so. */
const recorded = async <T>(
  folder: string | undefined,
  command: string,
  target: Readonly<Record<string, string>>,
  work: () => Promise<T>,
): Promise<T> => {
  const url = databaseOf(folder)
  if (url === undefined) {
    process.stderr.write('This is not in the audit log: to have it there, set MONGODB_URL or start Loops.\n')
    return await work()
  }
  await using mongo = await connectMongo(url, createLog({ filter: 'warn', topic: 'subscriber' }))
  return await recordedCommand(mongo, command, target, work)
}

const add = async (installation: Installation, name: string, asked: Asked): Promise<void> => {
  checkName(name)
  requireNew(asked.save)
  const before = readSubscribers(installation.folder)
  if (before.some((one) => one.name === name))
    throw new StartFault(
      `There is a subscriber ${name} already: choose another name, or remove it first to give it a new key.`,
    )
  const { key, seed } = newUserKey()
  const filter = filterFor(asked.events, asked.workspace)
  const subscriber = { name, key, filter, added_at: systemClock.now().toISOString() }
  const applied = await recorded(asked.folder, 'subscriber add', { name, events: filter }, () => {
    writeSubscribers(installation.folder, [...before, subscriber])
    return installation.apply()
  })
  handOver(subscriber, settings(subscriber, seed, installation.url ?? COMPOSE_SERVERS), asked.save)
  say(applied)
}

const remove = async (installation: Installation, name: string, { folder }: Asked): Promise<void> => {
  const before = readSubscribers(installation.folder)
  if (!before.some((one) => one.name === name)) throw new StartFault(`There is no subscriber ${name}.`)
  const others = before.filter((one) => one.name !== name)
  const applied = await recorded(folder, 'subscriber remove', { name }, () => {
    writeSubscribers(installation.folder, others)
    return installation.apply()
  })
  say(`${name} may no longer read events. If you add it again, it continues where it was. ${applied}`)
}

const list = ({ folder }: Installation): void => {
  const all = readSubscribers(folder)
  for (const { name, filter, added_at } of all) say(`${name}  ${filter}  since ${added_at}`)
  if (all.length === 0) say('There are no subscribers yet.')
}

const OPTIONS = {
  events: { type: 'string' },
  workspace: { type: 'string' },
  save: { type: 'string' },
  folder: { type: 'string' },
} as const

const readArguments = () => {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new StartFault(error instanceof Error ? error.message : String(error), USAGE.trimEnd().split('\n'))
  }
}

await runCommand(async () => {
  const { values, positionals } = readArguments()
  const [command, name, ...more] = positionals
  const folder = fromCaller(values.folder)
  const asked = { ...values, save: fromCaller(values.save), folder }
  const installation = () => findInstallation(readConfig(processEnv()).DATA_DIR, folder)
  if (command === 'list' && name === undefined) list(installation())
  else if (command === 'add' && name !== undefined && more.length === 0)
    await add(installation(), name, asked)
  else if (command === 'remove' && name !== undefined && more.length === 0)
    await remove(installation(), name, asked)
  else {
    process.stderr.write(USAGE)
    return 2
  }
  return 0
})
