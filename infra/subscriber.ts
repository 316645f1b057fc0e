// `npm run subscriber`: adds, lists and removes programs outside Loops that read its events.
import { parseArgs } from 'node:util'
import { newUserKey } from '../shared/bus/nkey.ts'
import { systemClock } from '../shared/clock.ts'
import { processEnv, readConfig } from '../shared/config.ts'
import { StartFault } from './report.ts'
import { runCommand } from './running.ts'
import { checkName, filterFor, type Subscriber } from './subscribers/access.ts'
import { findInstallation, type Installation } from './subscribers/installation.ts'
import { readSubscribers, writeSubscribers } from './subscribers/registry.ts'

const USAGE = `npm run subscriber -- add NAME [--events FILTER] [--workspace ID]
npm run subscriber -- list
npm run subscriber -- remove NAME

--events     which events, such as 'evt.tasks.>'; all when absent
--workspace  of which workspace; of all when absent
--folder     for NATS servers of infra/nats.conf: the folder that they include, infra/nats-users; else that of npm start
`

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const credentials = ({ name, filter }: Subscriber, seed: string, url: string): string => `
NATS_URL=${url}
NATS_SEED=${seed}
SUBSCRIBER=${name}
EVENTS='${filter}'
`

const shown = (subscriber: Subscriber, seed: string, { url }: Installation): string => {
  const lines = credentials(subscriber, seed, url ?? 'nats://<your NATS servers>')
  const example = `${lines.trim().replaceAll('\n', ' ')} node_modules/.bin/node infra/examples/subscriber.ts`
  return `${subscriber.name} may read ${subscriber.filter} with the durable consumer ${subscriber.name}. The seed is shown this once.
${lines}
Try it:

${example}
`
}

type Asked = Readonly<{ events?: string; workspace?: string }>

const add = async (installation: Installation, name: string, asked: Asked): Promise<void> => {
  checkName(name)
  const before = readSubscribers(installation.folder)
  if (before.some((one) => one.name === name))
    throw new StartFault(
      `There is a subscriber ${name} already: remove it first for a new key, or choose another name.`,
    )
  const { key, seed } = newUserKey()
  const filter = filterFor(asked.events, asked.workspace)
  const subscriber = { name, key, filter, added_at: systemClock.now().toISOString() }
  writeSubscribers(installation.folder, [...before, subscriber])
  const applied = await installation.apply()
  say(shown(subscriber, seed, installation))
  say(applied)
}

const remove = async (installation: Installation, name: string): Promise<void> => {
  const before = readSubscribers(installation.folder)
  if (!before.some((one) => one.name === name)) throw new StartFault(`There is no subscriber ${name}.`)
  writeSubscribers(
    installation.folder,
    before.filter((one) => one.name !== name),
  )
  const applied = await installation.apply()
  say(`${name} may read nothing any more; added again, it goes on where it was. ${applied}`)
}

const list = ({ folder }: Installation): void => {
  const all = readSubscribers(folder)
  for (const { name, filter, added_at } of all) say(`${name}  ${filter}  since ${added_at}`)
  if (all.length === 0) say('There are no subscribers yet.')
}

const OPTIONS = {
  events: { type: 'string' },
  workspace: { type: 'string' },
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
  const { events, workspace, folder } = values
  const installation = () => findInstallation(readConfig(processEnv()).DATA_DIR, folder)
  if (command === 'list' && name === undefined) list(installation())
  else if (command === 'add' && name !== undefined && more.length === 0)
    await add(installation(), name, { events, workspace })
  else if (command === 'remove' && name !== undefined && more.length === 0) await remove(installation(), name)
  else {
    process.stderr.write(USAGE)
    return 2
  }
  return 0
})
