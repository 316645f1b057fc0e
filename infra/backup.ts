// `npm run backup`: copies an installation, as it is at one moment, into a folder. Loops may be in use meanwhile.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import release from '../package.json' with { type: 'json' }
import { sealingOf } from '../services/gateway/oauth/keys.ts'
import { openOAuthStores } from '../services/gateway/oauth/oauth-store.ts'
import { deriveSecrets } from '../services/gateway/secrets.ts'
import { gateway } from '../shared/contracts/gateway/contract.ts'
import { systemClock as clock } from '../shared/process/clock.ts'
import { type Config, processEnv } from '../shared/process/config.ts'
import { systemIds } from '../shared/process/ids.ts'
import { createLog } from '../shared/process/log.ts'
import { openDatabasesAtRest, openDatabasesNow } from '../shared/storage/backup-store.ts'
import { connectMongo, type Mongo } from '../shared/storage/mongo.ts'
import { collectionNames, readEpoch } from '../shared/storage/restore-store.ts'
import { recordedCommand } from './admin/recording.ts'
import { besideOf, subscribersIn } from './backup/data-folder.ts'
import { servicesWithData } from './backup/known-schemas.ts'
import { type Manifest, SECRET_FILE, SUBSCRIBERS_FILE } from './backup/manifest-rules.ts'
import { type Beside, summaryOf, takeBackup } from './backup/take.ts'
import { formatMs, messageOf, StartFault, streamReport } from './report.ts'
import { runCommand, runningConfig } from './running.ts'
import { secretFile } from './servers/data-dir.ts'

const USAGE = `npm run backup -- DIR                   copies the installation that runs into the new folder DIR
npm run backup -- DIR --without-secret  leaves LOOPS_SECRET out, where npm start keeps it; keep it elsewhere then
npm run backup -- DIR --subscribers infra/nats-users
                                        takes the keys of subscribers from this folder, which NATS servers include
npm run backup -- DIR --stopped         for a MongoDB that is no replica set, while Loops is stopped`

const say = (line: string): void => void process.stdout.write(`${line}\n`)

type Asked = Readonly<{
  folder: string
  without_secret: boolean
  stopped: boolean
  subscribers: string | undefined
}>

/** A path as whoever typed it means it: npm runs commands in the folder of the project. */
const meant = (path: string): string => resolve(processEnv().INIT_CWD ?? '.', path)

/** What was asked for; a sentence for what cannot be understood. */
const readAsked = (args: string[]): Asked | string => {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: {
        'without-secret': { type: 'boolean', default: false },
        stopped: { type: 'boolean', default: false },
        subscribers: { type: 'string' },
      },
      allowPositionals: true,
    })
    const [folder, ...more] = positionals
    if (folder === undefined || more.length > 0) return USAGE
    const { stopped, subscribers } = values
    return { folder: meant(folder), without_secret: values['without-secret'], stopped, subscribers }
  } catch (error) {
    return `${messageOf(error)}\n${USAGE}`
  }
}

/** What this backup holds that nobody else may see, and what it lacks, in sentences. */
const remarks = (folder: string, { files, moment }: Manifest, secretIsKept: boolean): string[] => {
  const has = (name: string): boolean => files.some(({ path }) => path === name)
  return [
    has(SECRET_FILE)
      ? `It holds LOOPS_SECRET (${SECRET_FILE}): keep ${folder} as you keep a password.`
      : `It holds no LOOPS_SECRET: keep ${secretIsKept ? 'the file `secret` of the data folder' : 'the one of your configuration'} too, or nothing can sign in again.`,
    ...(has(SUBSCRIBERS_FILE) ? [] : ['It holds no keys of subscribers.']),
    ...(moment === null ? ['It is right only if nothing of Loops ran meanwhile.'] : []),
  ]
}

/** Aborted by Ctrl-C: a backup that is not finished leaves nothing behind. */
const untilSignal = (): AbortSignal => {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
  return stop.signal
}

/** @throws StartFault if there is nothing to back up; the error of `sealingOf` if LOOPS_SECRET is that of other databases */
const requireRight = async (mongo: Mongo, { LOOPS_SECRET = '', LOOPS_SECRET_OLD }: Config): Promise<void> => {
  const db = mongo.database(gateway.name)
  if ((await collectionNames(db)).length === 0)
    throw new StartFault(
      'These databases are empty: set the DATA_DIR or MONGODB_URL of the installation that is to be backed up.',
    )
  const { keys } = await openOAuthStores(db)
  const old = LOOPS_SECRET_OLD === undefined ? [] : [LOOPS_SECRET_OLD]
  await sealingOf(keys, deriveSecrets(LOOPS_SECRET, ...old).signing_keys)
}

const run = async ({ folder, without_secret, stopped, subscribers }: Asked): Promise<number> => {
  const env = processEnv()
  const config = runningConfig({ LOG: 'warn', ...env }, ['MONGODB_URL', 'LOOPS_SECRET'])
  const { MONGODB_URL = '', LOOPS_SECRET } = config
  const dataDir = resolve(config.DATA_DIR)
  const isOfStart = !env.MONGODB_URL || !env.LOOPS_SECRET
  const secretIsKept = isOfStart && !env.LOOPS_SECRET && existsSync(secretFile(dataDir))
  const beside: Beside = {
    ...(isOfStart ? besideOf(dataDir, secretIsKept && !without_secret) : {}),
    ...(subscribers === undefined ? {} : subscribersIn(meant(subscribers))),
  }
  const report = streamReport(process.stdout, clock)
  await using mongo = await connectMongo(MONGODB_URL, createLog({ filter: config.LOG, topic: 'backup' }))
  const id = systemIds().next()
  const begun_ms = clock.monotonicMs()
  await requireRight(mongo, config)
  const epoch = await readEpoch(mongo.database(gateway.name))
  const plan = { folder, id, loops: release.version, secret: LOOPS_SECRET, epoch, beside }
  const open = stopped ? openDatabasesAtRest : openDatabasesNow
  const databases = await open(mongo, servicesWithData())
  // The moment is fixed before the intent is noted: a restored log would else say that this backup was interrupted.
  const manifest = await recordedCommand(mongo, 'backup', { backup: id, folder }, () =>
    takeBackup(databases, plan, { clock, report, signal: untilSignal() }),
  )
  say(`${folder}: ${summaryOf(manifest)}, in ${formatMs(clock.monotonicMs() - begun_ms)}.`)
  for (const remark of remarks(folder, manifest, secretIsKept)) say(remark)
  return 0
}

await runCommand(async () => {
  const asked = readAsked(process.argv.slice(2))
  if (typeof asked !== 'string') return await run(asked)
  say(asked)
  return 2
})
