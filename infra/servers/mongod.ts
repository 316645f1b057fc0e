// How Loops runs its own mongod: a replica set of one, on 127.0.0.1, with the data kept.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureReplicaSet } from './replica-set.ts'
import type { RunningServer, RunOptions, ServerPlan } from './supervise.ts'
import { superviseServer } from './supervise.ts'

const REPLICA_SET = 'rs0'
const CACHE_GB = 1
const OPLOG_MB = 512
/** A replica set of one has nobody to hand over to, so the 15 s that it would wait for that are cut. */
const SHUTDOWN_WAIT_MS = 100

const plan: ServerPlan = {
  name: 'mongod',
  folder: 'mongod',
  args: (port, folder) => {
    const data = join(folder, 'data')
    mkdirSync(data, { recursive: true, mode: 0o700 })
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
      ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
      ...['--setParameter', `shutdownTimeoutMillisForSignaledShutdown=${SHUTDOWN_WAIT_MS}`],
    ]
  },
  ready: (port, signal) => ensureReplicaSet({ port, replicaSet: REPLICA_SET, signal }),
  url: (port) => `mongodb://127.0.0.1:${port}/loops?directConnection=true`,
}

/**
 * Runs mongod with its data in `mongod/data` of the data folder.
 * @throws StartFault when it does not come up
 */
export const startMongod = (options: RunOptions): Promise<RunningServer> => superviseServer(plan, options)
