// A NATS server with infra/nats.conf, as an operator runs it. It has one user for each service, and the operator’s own.
// Knows no service's code.
import { readFile } from 'node:fs/promises'
import { getContainerRuntimeClient, Wait } from 'testcontainers'
import { inject } from 'vitest'
import { MIGRATOR } from '../../services/start.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { type Place, placed, runMark } from './containers.ts'

/** The users of the services. */
export const SERVICE_USERS: readonly string[] = CONTRACTS.map(({ name }) => name)

/** The operator's user. */
export const OPERATOR = 'operator'

export type GuardedNats = AsyncDisposable &
  Readonly<{
    /** `host:port`. */
    address: string
    /** The address with a user and its password. */
    urlOf: (user: string) => string
    /** Replaces the server's file of subscribers, and has it reload its configuration. */
    include: (subscribersConf: string) => Promise<void>
  }>

const PORT = 4222
const SUBSCRIBERS_FILE = '/nats-users/subscribers.conf'
const variableOf = (user: string): string => `${user.replaceAll('-', '_').toUpperCase()}_PASSWORD`

/** The password of a user of these servers. */
export const passwordOf = (user: string): string => `secret-of-${user}`

/** The environment variables with all passwords. */
export const passwordsOf = (): Record<string, string> =>
  Object.fromEntries(
    [...SERVICE_USERS, MIGRATOR, OPERATOR].map((user) => [variableOf(user), passwordOf(user)]),
  )

/** Starts the server, with its data in memory. */
export const startGuardedNats = async (place: Place = { run: runMark() }): Promise<GuardedNats> => {
  const content = await readFile(new URL('../../infra/nats.conf', import.meta.url), 'utf8')
  const container = await placed(inject('servers').images.nats, place)
    .withCommand(['--config', '/nats.conf', '--store_dir', '/data'])
    .withCopyContentToContainer([
      { content, target: '/nats.conf' },
      { content: '', target: SUBSCRIBERS_FILE },
    ])
    .withEnvironment(passwordsOf())
    .withTmpFs({ '/data': 'rw,size=64m' })
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forLogMessage(/Server is ready/))
    .start()
  const address = `${container.getHost()}:${container.getMappedPort(PORT)}`
  return {
    address,
    urlOf: (user) => `nats://${user}:${passwordOf(user)}@${address}`,
    include: async (content) => {
      await container.copyContentToContainer([{ content, target: SUBSCRIBERS_FILE }])
      const { container: engine } = await getContainerRuntimeClient()
      await engine.getById(container.getId()).kill({ signal: 'SIGHUP' })
    },
    [Symbol.asyncDispose]: async () => void (await container.stop()),
  }
}
