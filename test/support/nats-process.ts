// A nats-server with JetStream as a process of its own, for tests that kill it and start it again with its data.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { untilAccepting } from '../../infra/servers/port.ts'
import { resolveNatsServer } from '../../infra/servers/resolve.ts'
import { type Controlled, openProcesses } from './chaos/processes.ts'
import { freePort } from './free-port.ts'
import { serverSearch } from './images.ts'

/** The server: its process, its port on 127.0.0.1, and the wait until it accepts connections. */
export type NatsProcess = Readonly<{ server: Controlled; port: number; accepting: () => Promise<void> }>

/**
 * Starts a server with its own data folder. The stack stops it and deletes its data.
 * @param limit_ms how long it may take to accept connections.
 */
export const startNatsProcess = async (
  stack: AsyncDisposableStack,
  limit_ms: number,
): Promise<NatsProcess> => {
  const folder = await mkdtemp(join(tmpdir(), 'loops-nats-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const port = await freePort()
  const { path: command } = await resolveNatsServer(serverSearch())
  const server = stack.use(openProcesses()).keep({
    name: 'nats-server',
    command,
    args: ['--addr', '127.0.0.1', '--port', `${port}`, '--jetstream', '--store_dir', folder],
    logFile: join(folder, 'log'),
  })
  const accepting = () => untilAccepting('127.0.0.1', port, AbortSignal.timeout(limit_ms))
  await accepting()
  return { server, port, accepting }
}
