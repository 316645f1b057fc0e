// A gateway that listens in this process on the test's own servers; the test sets what it answers.
import { type Fetch, listen } from '../../services/gateway/listen.ts'
import { start as startMigrator } from '../../services/migrator/main.ts'
import { readConfig } from '../../shared/process/config.ts'
import { type Host, openHost } from '../../shared/service.ts'
import { TEST_SECRET } from './keys.ts'
import { freshStack, type Stack } from './stack.ts'

export type ListeningGateway = AsyncDisposable &
  Readonly<{
    url: string
    port: number
    host: Host
    /** Sets what it answers; until then it is not ready. */
    answer: (fetch: Fetch) => void
    /** Disposed of after the socket is closed and before the connections are. */
    stack: AsyncDisposableStack
  }>

/** The health of a gateway that is ready. */
export const READY = { connected: () => true, closed: () => false } as const

/** Opens a gateway; `given` adds environment variables. */
export const openListeningGateway = async (
  given: Readonly<Record<string, string>> = {},
  { natsUrl, mongodbUrl }: Pick<Stack, 'natsUrl' | 'mongodbUrl'> = freshStack(),
): Promise<ListeningGateway> => {
  const config = readConfig({
    NATS_URL: natsUrl,
    MONGODB_URL: mongodbUrl,
    LOOPS_SECRET: TEST_SECRET,
    LOG: 'error',
    NODE_ENV: 'test',
    ...given,
  })
  let fetch: Fetch = () => new Response(null, { status: 503 })
  const listener = await listen((request, env) => fetch(request, env), '127.0.0.1', 0)
  const stack = new AsyncDisposableStack()
  stack.use(await startMigrator(config))
  const host = await openHost('gateway', config)
  stack.use(host.stack)
  return {
    url: `http://${listener.address}`,
    port: listener.port,
    host,
    answer: (next) => {
      fetch = next
    },
    stack,
    [Symbol.asyncDispose]: async () => {
      await listener.close()
      await stack.disposeAsync()
    },
  }
}
