// The gateway's people, pages and authorization server on servers of a test's own, listening, with a clock that the test
// moves. What needs no moved clock is better tested on a whole system.
import { createApp } from '../../services/gateway/app.ts'
import { type Deps, openDeps } from '../../services/gateway/deps.ts'
import { type Fetch, listen } from '../../services/gateway/listen.ts'
import { createMcp } from '../../services/gateway/mcp/handler.ts'
import { createLoad } from '../../services/gateway/mcp/load.ts'
import { type VerifyAccess, verifyAccess } from '../../services/gateway/oauth/access.ts'
import { oauthRoutes } from '../../services/gateway/oauth/routes.ts'
import { stepUp } from '../../services/gateway/oauth/step-up.ts'
import { pageRoutes } from '../../services/gateway/pages/routes.ts'
import { startTending } from '../../services/gateway/tending.ts'
import { start as startMigrator } from '../../services/migrator/main.ts'
import { systemClock } from '../../shared/clock.ts'
import { readConfig } from '../../shared/config.ts'
import { type Host, openHost } from '../../shared/host.ts'
import { TEST_SECRET } from './keys.ts'
import { freshStack, type Stack } from './stack.ts'

export type GatewayBed = AsyncDisposable &
  Readonly<{
    url: string
    deps: Deps
    verify: VerifyAccess
    /** The gateway's database, for what no page of it does yet. */
    db: ReturnType<Host['mongo']['database']>
    stack: Stack
    /** Moves the gateway's clock forward. */
    advance: (ms: number) => void
  }>

/** Opens one; `given` is further environment. Beside another bed, it is a second gateway of the same site. */
export const openGatewayBed = async (
  given: Readonly<Record<string, string>> = {},
  beside?: Pick<GatewayBed, 'stack' | 'url'>,
): Promise<GatewayBed> => {
  const stack = beside?.stack ?? freshStack()
  const { natsUrl, mongodbUrl } = stack
  const config = readConfig({
    NATS_URL: natsUrl,
    MONGODB_URL: mongodbUrl,
    LOOPS_SECRET: TEST_SECRET,
    LOG: 'error',
    NODE_ENV: 'test',
    SIGN_UP: 'open',
    ...given,
  })
  let fetch: Fetch = () => new Response(null, { status: 503 })
  const listener = await listen((request, env) => fetch(request, env), '127.0.0.1', 0)
  const url = `http://${listener.address}`
  const migrator = await startMigrator(config)
  const host = await openHost('gateway', config)
  let ahead_ms = 0
  const clock = {
    now: () => new Date(systemClock.now().getTime() + ahead_ms),
    monotonicMs: () => systemClock.monotonicMs() + ahead_ms,
  }
  const deps = await openDeps({ ...host, clock }, given.PUBLIC_URL ?? beside?.url ?? url)
  startTending(host, deps)
  const publicUrl = deps.public_url
  const verify = verifyAccess(deps)
  const mcp = createMcp(() => {
    throw new Error('there are no tools here')
  }, host.log)
  fetch = createApp({
    ...deps,
    publicUrl,
    host: undefined,
    health: { connected: () => true, closed: () => false },
    mcp: { publicUrl, log: host.log, mcp, load: createLoad(), verify, mayAsk: stepUp(deps) },
    routes: [oauthRoutes(deps), pageRoutes(deps)],
  }).fetch
  return {
    url,
    deps,
    verify,
    db: host.mongo.database('gateway'),
    stack,
    advance: (ms) => {
      ahead_ms += ms
    },
    [Symbol.asyncDispose]: async () => {
      await listener.close()
      await mcp.close()
      await host.stack.disposeAsync()
      await migrator[Symbol.asyncDispose]()
    },
  }
}
