// The gateway alone, with every route of production, listening in this process. It is for tests that hold for each
// route; those that need other services should use a whole system.
import { wire } from '../../services/gateway/main.ts'
import { openListeningGateway, READY } from './listening-gateway.ts'

export type WholeGateway = AsyncDisposable &
  Readonly<{
    url: string
    port: number
    /** Every route, once for each of its methods, with `x` for the variable parts of its path. */
    routes: readonly Readonly<{ method: string; path: string }>[]
  }>

/** Opens a gateway; `given` adds environment variables. */
export const openWholeGateway = async (
  given: Readonly<Record<string, string>> = {},
): Promise<WholeGateway> => {
  const gateway = await openListeningGateway(given)
  const { url, port, host, stack } = gateway
  const { app, mcp } = await wire(host, url, READY)
  stack.defer(mcp.close)
  gateway.answer(app.fetch)
  const named = app.routes
    .filter(({ path }) => !path.includes('*'))
    .flatMap(({ method, path }) =>
      (method === 'ALL' ? ['GET', 'POST'] : [method]).map((one) => `${one} ${path.replace(/:\w+/g, 'x')}`),
    )
  return {
    url,
    port,
    routes: [...new Set(named)].map((one) => {
      const [method = '', path = ''] = one.split(' ')
      return { method, path }
    }),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  }
}
