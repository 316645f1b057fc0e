// A listening gateway (people, pages, authorization server) on the test's own servers, with a clock that the test moves.
// Tests that need no moved clock should use a whole system.
import { findSignedIn } from '../../services/gateway/accounts/sessions.ts'
import { createApp } from '../../services/gateway/app.ts'
import { type Deps, openDeps } from '../../services/gateway/deps.ts'
import { startUpkeep } from '../../services/gateway/main.ts'
import { createMcp, type NewServer } from '../../services/gateway/mcp/handler.ts'
import { createLoad } from '../../services/gateway/mcp/load.ts'
import { type VerifyAccess, verifyAccess } from '../../services/gateway/oauth/access.ts'
import { oauthRoutes } from '../../services/gateway/oauth/routes.ts'
import { stepUp } from '../../services/gateway/oauth/step-up.ts'
import { type Live, openLive } from '../../services/gateway/web/board/live.ts'
import { authorizationPages } from '../../services/gateway/web/flow.ts'
import { pageRoutes } from '../../services/gateway/web/routes.ts'
import { gateway as contract } from '../../shared/contracts/gateway/contract.ts'
import { openWatch } from '../../shared/events/watch.ts'
import { systemClock } from '../../shared/process/clock.ts'
import type { Host } from '../../shared/service.ts'
import { openListeningGateway, READY } from './listening-gateway.ts'
import { freshStack, type Stack } from './stack.ts'

export type GatewayEnvironment = AsyncDisposable &
  Readonly<{
    url: string
    deps: Deps
    verify: VerifyAccess
    live: Live
    /** The gateway's database, for what no page can do. */
    db: ReturnType<Host['mongo']['database']>
    stack: Stack
    /** Every route of it. */
    routes: readonly Readonly<{ method: string; path: string }>[]
    /** Moves the gateway's clock forward. */
    advance: (ms: number) => void
  }>

const noTools: NewServer = () => {
  throw new Error('there are no tools here')
}

/**
 * Opens a gateway; `given` adds environment variables. With `beside`, it is a second gateway of the same site; without its address, of the
 * same data alone.
 * @param newServer replaces Loops' tools
 */
export const openGatewayEnvironment = async (
  given: Readonly<Record<string, string>> = {},
  beside?: Pick<GatewayEnvironment, 'stack'> & Partial<Pick<GatewayEnvironment, 'url'>>,
  newServer: NewServer = noTools,
): Promise<GatewayEnvironment> => {
  const stack = beside?.stack ?? freshStack()
  const gateway = await openListeningGateway({ SIGN_UP: 'open', ...given }, stack)
  const { url, host } = gateway
  let ahead_ms = 0
  const clock = {
    now: () => new Date(systemClock.now().getTime() + ahead_ms),
    monotonicMs: () => systemClock.monotonicMs() + ahead_ms,
  }
  const deps = await openDeps({ ...host, clock }, given.PUBLIC_URL ?? beside?.url ?? url)
  startUpkeep(host, deps)
  const publicUrl = deps.public_url
  const verify = verifyAccess(deps)
  const mcp = createMcp(newServer, host.log)
  gateway.stack.defer(mcp.close)
  const live = openLive({ watch: openWatch(host.bus, contract.watches), ids: host.ids, log: host.log })
  gateway.stack.defer(live.end)
  const { fetch, routes } = createApp({
    ...deps,
    publicUrl,
    host: undefined,
    health: READY,
    whoLooks: (c) => findSignedIn(c, deps),
    mcp: { publicUrl, log: host.log, mcp, load: createLoad(), verify, mayAsk: stepUp(deps) },
    routes: [oauthRoutes(deps, authorizationPages), pageRoutes(deps, live)],
  })
  gateway.answer(fetch)
  return {
    url,
    deps,
    live,
    verify,
    db: host.mongo.database('gateway'),
    stack,
    routes,
    advance: (ms) => {
      ahead_ms += ms
    },
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  }
}
