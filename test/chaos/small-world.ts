// A few services on one server of each kind, for runs that disturb or measure a part of Loops. Knows how to start them.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { createLog } from '../../shared/process/log.ts'
import { type MongoServers, startMongoServers } from '../support/chaos/mongo-servers.ts'
import { type NatsServers, OBSERVER, startNatsServers } from '../support/chaos/nats-servers.ts'
import { type Controlled, openProcesses } from '../support/chaos/processes.ts'
import { until } from '../support/chaos/until.ts'
import { RUNTIMES, type Runtime } from '../support/runtimes.ts'
import { SECRET, type Setting } from './world.ts'

export type SmallWorld = Readonly<{
  mongo: MongoServers
  nats: NatsServers
  /** The bus, as an observer sees it. */
  bus: Bus
  /** Keeps an instance of a service running, under a name; `env` is what it is given besides. */
  keep: (
    service: string,
    name: string,
    env?: Readonly<Record<string, string>>,
    runtime?: Runtime,
  ) => Controlled
  /** Waits until a service answers. @throws Error when it does not in time (ms). */
  serving: (service: string, limit_ms: number) => Promise<void>
}>

/** Starts the servers; they, and all that is kept, end with the stack. */
export const openSmallWorld = async (
  { folder, nats_server, mongod }: Omit<Setting, 'size'>,
  stack: AsyncDisposableStack,
): Promise<SmallWorld> => {
  const logs = join(folder, 'logs')
  await mkdir(logs, { recursive: true })
  const processes = stack.use(openProcesses())
  const common = { size: 1, processes } as const
  const nats = stack.use(
    await startNatsServers({ ...common, folder: join(folder, 'nats'), binary: nats_server }),
  )
  const mongo = stack.use(
    await startMongoServers({ ...common, folder: join(folder, 'mongod'), binary: mongod }),
  )
  await nats.allReady()
  const log = createLog({ filter: 'error', topic: OBSERVER })
  const bus = stack.use(await connectBus(nats.urlOf(OBSERVER), OBSERVER, log))
  return {
    mongo,
    nats,
    bus,
    keep: (service, name, env = {}, runtime = 'node') =>
      processes.keep({
        name,
        command: RUNTIMES[runtime].command,
        args: [...RUNTIMES[runtime].args, join(import.meta.dirname, '../../services/run.ts'), service],
        logFile: join(logs, `${name}.log`),
        env: {
          PORT: '0',
          NATS_URL: nats.urlOf(service),
          MONGODB_URL: mongo.url,
          LOOPS_SECRET: SECRET,
          LOG: 'warn',
          ...env,
        },
      }),
    serving: (service, limit_ms) =>
      until(`the ${service} serves`, limit_ms, () =>
        bus.nc.request(`$SRV.PING.${service}`, '', { timeout: 1_000 }).then(Boolean),
      ),
  }
}
