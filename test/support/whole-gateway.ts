// The gateway with every route that it has in production, alone, listening in this process: for tests that hold of each
// route, whatever it is. What needs the other services is better tested on a whole system.
import { type Fetch, listen } from '../../services/gateway/listen.ts'
import { wire } from '../../services/gateway/main.ts'
import { start as startMigrator } from '../../services/migrator/main.ts'
import { readConfig } from '../../shared/config.ts'
import { openHost } from '../../shared/host.ts'
import { freshStack } from './stack.ts'

export type WholeGateway = AsyncDisposable &
  Readonly<{
    url: string
    port: number
    /** Every route once for each method that it takes, with `x` for the parts of its path that vary. */
    routes: readonly Readonly<{ method: string; path: string }>[]
  }>

/** Opens one; `given` is further environment. */
export const openWholeGateway = async (
  given: Readonly<Record<string, string>> = {},
): Promise<WholeGateway> => {
  const stack = new AsyncDisposableStack()
  const { natsUrl, mongodbUrl } = freshStack()
  const config = readConfig({
    NATS_URL: natsUrl,
    MONGODB_URL: mongodbUrl,
    LOOPS_SECRET: 'a secret of the tests that is long enough',
    LOG: 'error',
    NODE_ENV: 'test',
    ...given,
  })
  let fetch: Fetch = () => new Response(null, { status: 503 })
  const listener = await listen((request, env) => fetch(request, env), '127.0.0.1', 0)
  stack.defer(() => listener.close())
  stack.use(await startMigrator(config))
  const host = await openHost('gateway', config)
  stack.use(host.stack)
  const url = `http://${listener.address}`
  const { app, mcp } = await wire(host, url, { connected: () => true, closed: () => false })
  stack.defer(mcp.close)
  fetch = app.fetch
  const named = app.routes
    .filter(({ path }) => !path.includes('*'))
    .flatMap(({ method, path }) =>
      (method === 'ALL' ? ['GET', 'POST'] : [method]).map((one) => `${one} ${path.replace(/:\w+/g, 'x')}`),
    )
  return {
    url,
    port: listener.port,
    routes: [...new Set(named)].map((one) => {
      const [method = '', path = ''] = one.split(' ')
      return { method, path }
    }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
