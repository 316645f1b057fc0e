// How Loops runs its own mongod: a replica set of one, on 127.0.0.1, for those who know its password, with the data kept.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { systemIds } from '../../shared/process/ids.ts'
import { keptSecret } from './data-dir.ts'
import type { Access } from './replica-set.ts'
import { ensureReplicaSet } from './replica-set.ts'
import type { RunningServer, RunOptions, ServerPlan } from './supervise.ts'
import { superviseServer } from './supervise.ts'

const REPLICA_SET = 'rs0'
const FOLDER = 'mongod'
const USER = 'loops'
const CACHE_GB = 1
const OPLOG_MB = 512
/** A replica set of one has nobody to hand over to, so the 15 s that it would wait for that are cut. */
const SHUTDOWN_WAIT_MS = 100

/**
 * MongoDB 8 corrupts its memory on Linux 6.19 and newer unless glibc keeps rseq for itself, and dies after half a minute:
 * https://github.com/google/tcmalloc/issues/292
 */
export const RSEQ_FOR_GLIBC = { GLIBC_TUNABLES: 'glibc.pthread.rseq=1' } as const
const FIRST_BAD_LINUX = [6, 19] as const
/** Exit code for data files of another version: https://www.mongodb.com/docs/manual/reference/exit-codes/ */
const NEEDS_OTHER_VERSION = 'exit code 62'

/**
 * What may help a mongod that dies again and again.
 * @param kernel its release, such as `6.19.3-arch1`
 */
export const adviceFor = (kernel: string, platform: string): string | undefined => {
  const [major = 0, minor = 0] = kernel.split('.').map(Number)
  const [badMajor, badMinor] = FIRST_BAD_LINUX
  if (platform !== 'linux' || major < badMajor || (major === badMajor && minor < badMinor)) return undefined
  return 'MongoDB 8 does not work well with Linux 6.19 and newer: see https://github.com/google/tcmalloc/issues/292 for kernels and versions that do, and name another mongod with MONGOMS_SYSTEM_BINARY.'
}

const planFor = (access: Access): ServerPlan => ({
  name: 'mongod',
  folder: FOLDER,
  env: RSEQ_FOR_GLIBC,
  advice: () => adviceFor(release(), process.platform),
  isHopeless: (how) => how === NEEDS_OTHER_VERSION,
  args: (port, folder) => {
    const data = dataOf(folder)
    const keyFile = join(folder, 'key')
    mkdirSync(data, { recursive: true, mode: 0o700 })
    // Anew, since mongod refuses one that others may read, as a careless copy of the folder would have it.
    rmSync(keyFile, { force: true })
    writeFileSync(keyFile, access.key, { mode: 0o600 })
    return [
      ...['--dbpath', data, '--replSet', REPLICA_SET, '--port', String(port), '--bind_ip', '127.0.0.1'],
      ...[
        '--nounixsocket',
        '--quiet',
        '--wiredTigerCacheSizeGB',
        String(CACHE_GB),
        '--oplogSize',
        String(OPLOG_MB),
      ],
      // With a key file it asks for a login; without the exception for this machine it does so before there is a user too.
      ...['--keyFile', keyFile, '--setParameter', 'enableLocalhostAuthBypass=false'],
      ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
      ...['--setParameter', `shutdownTimeoutMillisForSignaledShutdown=${SHUTDOWN_WAIT_MS}`],
    ]
  },
  ready: (port, signal) => ensureReplicaSet({ port, replicaSet: REPLICA_SET, access, signal }),
  url: (port) =>
    `mongodb://${USER}:${access.password}@127.0.0.1:${port}/loops?directConnection=true&authSource=admin`,
})

/** Where mongod keeps its data, below its own folder. */
const dataOf = (folder: string) => join(folder, 'data')

/**
 * The login, kept beside the data; and a key of this run, which lets us in to set the login. Both are random: the password
 * stays the same from start to start, whatever becomes of the secret of Loops.
 */
const accessOf = (folder: string): Access => ({
  // A key file holds base64, of which hexadecimal digits are a part.
  key: Buffer.from(systemIds().token(), 'base64url').toString('hex'),
  user: USER,
  password: keptSecret(loginFileOf(folder), systemIds().token),
})
const loginFileOf = (folder: string) => join(folder, 'login')

/**
 * Runs mongod with its data in `mongod/data` of the data folder and its password in `mongod/login`. Data of a release in
 * which it let everybody in get the login too.
 * @throws StartFault when it does not come up
 */
export const startMongod = async (options: RunOptions): Promise<RunningServer> => {
  const folder = join(options.dataDir, FOLDER)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (existsSync(dataOf(folder)) && !existsSync(loginFileOf(folder)))
    options.report.step('mongod: its data get a login, so that nobody else on this machine reads them')
  return await superviseServer(planFor(accessOf(folder)), options)
}
