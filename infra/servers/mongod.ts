// Runs the mongod of `npm start`: a replica set of one on 127.0.0.1, with a login.
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
/** A lone member has no other member to hand over to, and need not wait 15 s for one. */
const SHUTDOWN_WAIT_MS = 100

/**
 * On Linux 6.19 and newer, MongoDB 8 corrupts its memory and dies after half a minute unless glibc keeps rseq for itself:
 * https://github.com/google/tcmalloc/issues/292
 */
export const RSEQ_FOR_GLIBC = { GLIBC_TUNABLES: 'glibc.pthread.rseq=1' } as const
const FIRST_BAD_LINUX = [6, 19] as const
/** The data files need another version: https://www.mongodb.com/docs/manual/reference/exit-codes/ */
const NEEDS_OTHER_VERSION = 'exit code 62'

/**
 * What may help if mongod keeps dying.
 * @param kernel the release of the kernel, such as `6.19.3-arch1`
 */
export const adviceFor = (kernel: string, platform: string): string | undefined => {
  const [major = 0, minor = 0] = kernel.split('.').map(Number)
  const [badMajor, badMinor] = FIRST_BAD_LINUX
  if (platform !== 'linux' || major < badMajor || (major === badMajor && minor < badMinor)) return undefined
  return 'MongoDB 8 does not work well with Linux 6.19 and newer: see https://github.com/google/tcmalloc/issues/292 for kernels and versions that work together, and set MONGOMS_SYSTEM_BINARY to another mongod.'
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
    // Written again at each start: mongod refuses a file that others may read, as it may be in a copy of the folder.
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
      // The key file makes it require a login. The parameter makes it do so even before there is a user.
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
 * The login, whose password is kept beside the data, and a new key, with which Loops signs in to set the login. The password
 * is random, and does not change when LOOPS_SECRET does.
 */
const accessOf = (folder: string): Access => ({
  // A key file holds base64, and hexadecimal digits are valid in it.
  key: Buffer.from(systemIds().token(), 'base64url').toString('hex'),
  user: USER,
  password: keptSecret(loginFileOf(folder), systemIds().token),
})
const loginFileOf = (folder: string) => join(folder, 'login')

/**
 * Runs mongod with its data in `mongod/data` of the data folder and its password in `mongod/login`. Adds the login to the
 * data of earlier releases, which had none.
 * @throws StartFault if it does not start
 */
export const startMongod = async (options: RunOptions): Promise<RunningServer> => {
  const folder = join(options.dataDir, FOLDER)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (existsSync(dataOf(folder)) && !existsSync(loginFileOf(folder)))
    options.report.step('mongod: adding a login, so that nobody else on this machine can read the data')
  return await superviseServer(planFor(accessOf(folder)), options)
}
