// `npm run restore`: puts a backup into an empty installation, which then goes on as it was at the moment of the backup.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import release from '../package.json' with { type: 'json' }
import { connectBus } from '../shared/bus/connect.ts'
import { readStream } from '../shared/events/streams.ts'
import { systemClock as clock } from '../shared/process/clock.ts'
import { type Config, processEnv, readConfig } from '../shared/process/config.ts'
import { createLog } from '../shared/process/log.ts'
import { connectMongo } from '../shared/storage/mongo.ts'
import { recordedCommand } from './admin/recording.ts'
import { beginIn, finishIn, putSubscribers, requireEmpty, secretIn } from './backup/data-folder.ts'
import { type Backup, checkFiles, diskFault, openBackup } from './backup/folder.ts'
import { knownSchemas, servicesWithData } from './backup/known-schemas.ts'
import { fitsSecret, refusalOf, roomFor, SECRET_FILE } from './backup/manifest-rules.ts'
import { putBackup, standingOf } from './backup/put.ts'
import { formatMs, messageOf, StartFault, streamReport } from './report.ts'
import { runCommand } from './running.ts'
import { binariesFolder } from './servers/cache.ts'
import { openDataDir, requireRoom } from './servers/data-dir.ts'
import { startMongod } from './servers/mongod.ts'
import { resolveMongod } from './servers/resolve.ts'

const USAGE = `npm run restore -- DIR                 puts the backup DIR into the data folder of npm start (DATA_DIR), which must be new
npm run restore -- DIR --into FOLDER   puts it into this data folder
npm run restore -- DIR --subscribers infra/nats-users
                                       with MONGODB_URL: puts the keys of subscribers into this folder
With MONGODB_URL the backup goes into the databases that it names, which must be empty, beside an empty NATS.`

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const report = streamReport(process.stdout, clock)

type Asked = Readonly<{ backup: string; into: string | undefined; subscribers: string | undefined }>

/** A path as whoever typed it means it: npm runs commands in the folder of the project. */
const meant = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : resolve(processEnv().INIT_CWD ?? '.', path)

/** What was asked for; a sentence for what cannot be understood. */
const readAsked = (args: string[]): Asked | string => {
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { into: { type: 'string' }, subscribers: { type: 'string' } },
      allowPositionals: true,
    })
    const [folder, ...more] = positionals
    const backup = meant(folder)
    if (backup === undefined || more.length > 0) return USAGE
    return { backup, into: meant(values.into), subscribers: meant(values.subscribers) }
  } catch (error) {
    return `${messageOf(error)}\n${USAGE}`
  }
}

/** @throws StartFault if the installation would have another secret than the backup */
const requireSecret = ({ folder, manifest }: Backup, config: Config, isOfStart: boolean): void => {
  const given = [config.LOOPS_SECRET, config.LOOPS_SECRET_OLD].filter((one) => one !== undefined)
  if (given.length > 0 && !fitsSecret(manifest, given))
    throw new StartFault(
      'LOOPS_SECRET is not the one of this backup: set the one that was used then, or leave it unset if the backup holds it.',
    )
  if (given.length > 0 || manifest.secret === null) return
  if (isOfStart && secretIn(folder) !== undefined) return
  throw new StartFault(
    secretIn(folder) === undefined
      ? 'This backup holds no LOOPS_SECRET: set the one that was used then.'
      : `Set LOOPS_SECRET to the text in ${join(folder, SECRET_FILE)}, for this command and for the services.`,
  )
}

const load = async (url: string, backup: Backup, config: Config): Promise<string> => {
  await using mongo = await connectMongo(url, createLog({ filter: config.LOG, topic: 'restore' }))
  const epoch = await putBackup(mongo, backup, { clock, report, services: servicesWithData() })
  await recordedCommand(mongo, 'restore', { backup: backup.manifest.id, epoch }, async () => undefined)
  return epoch
}

/** Restores into the data folder of `npm start`. */
const intoFolder = async (backup: Backup, config: Config, folder: string): Promise<void> => {
  requireEmpty(folder)
  await checkFiles(backup, report, clock)
  using dataDir = await openDataDir(folder, config.PORT)
  requireRoom(dataDir.path, roomFor(backup.manifest))
  const { signal } = new AbortController()
  const find = { cacheDir: binariesFolder(processEnv(), dataDir.path), env: processEnv(), report, signal }
  const binary = await resolveMongod(find)
  await beginIn(dataDir.path, backup.manifest.id)
  const lost = Promise.withResolvers<never>()
  const options = { dataDir: dataDir.path, report, reserved_port: config.PORT, onLost: lost.reject }
  {
    await using mongod = await startMongod({ ...options, binary })
    await Promise.race([load(mongod.url, backup, config), lost.promise])
  }
  await finishIn(dataDir.path, backup.folder)
}

/** @throws StartFault if NATS has events of an installation, which would be taken for those of the restored one */
const requireNoStream = async (url: string): Promise<void> => {
  await using bus = await connectBus(url, 'operator', createLog({ filter: 'error', topic: 'restore' }))
  if (await readStream(bus))
    throw new StartFault(
      'NATS has the stream EVENTS of an earlier installation, whose events may never have happened in the restored one: delete it (`nats stream rm EVENTS`) or empty the storage of NATS, then run this again.',
    )
}

/** Restores into the databases that MONGODB_URL names. */
const intoServers = async (
  backup: Backup,
  config: Config,
  url: string,
  subscribers: string | undefined,
): Promise<void> => {
  if (config.NATS_URL !== undefined) await requireNoStream(config.NATS_URL)
  {
    await using mongo = await connectMongo(url, createLog({ filter: config.LOG, topic: 'restore' }))
    if ((await standingOf(mongo, servicesWithData(), backup.manifest.id)) === 'done')
      throw new StartFault('This backup was restored here already: start Loops.')
  }
  await checkFiles(backup, report, clock)
  await load(url, backup, config)
  if (subscribers !== undefined) await putSubscribers(backup.folder, subscribers)
  if (config.NATS_URL === undefined)
    say('Before Loops starts: NATS must be empty, for its events may never have happened here.')
}

const run = async ({ backup: named, into, subscribers }: Asked): Promise<number> => {
  const config = readConfig({ LOG: 'warn', ...processEnv() })
  const backup = await openBackup(named)
  const { manifest } = backup
  const known = { loops: release.version, schemas: await knownSchemas() }
  const refusal = refusalOf(manifest, known, backup.folder)
  if (refusal !== undefined) throw new StartFault(refusal)
  const { MONGODB_URL } = config
  const isOfStart = MONGODB_URL === undefined || into !== undefined
  requireSecret(backup, config, isOfStart)
  const begun_ms = clock.monotonicMs()
  const folder = into ?? resolve(config.DATA_DIR)
  try {
    if (isOfStart) await intoFolder(backup, config, folder)
    else await intoServers(backup, config, MONGODB_URL, subscribers)
  } catch (error) {
    throw diskFault(error, folder, 'Then run the restore again.')
  }
  const where = isOfStart ? folder : 'the databases of MONGODB_URL'
  say(
    `Restored into ${where} as of ${manifest.moment ?? manifest.started_at}, in ${formatMs(clock.monotonicMs() - begun_ms)}.`,
  )
  say(
    'What came later is gone. What was revoked, blocked or deleted later works again: do that again. Readers of events see a new epoch.',
  )
  if (isOfStart) say(`Start it: DATA_DIR=${folder} npm start`)
  return 0
}

await runCommand(async () => {
  const asked = readAsked(process.argv.slice(2))
  if (typeof asked !== 'string') return await run(asked)
  say(asked)
  return 2
})
